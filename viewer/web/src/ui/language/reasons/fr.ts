/** Pourquoi quelque chose attend-il, ou pourquoi a-t-il été refusé ? Les phrases des codes, en français. */
import type { Reasons } from "../table";

export const FRENCH_REASONS: Reasons = {
  "reason.none": "sans motif indiqué",
  "reason.first_image": "La première photo en attend une seconde du même objet, prise d’un autre endroit.",
  "reason.too_few_features":
    "Presque aucun détail reconnaissable : est-elle floue, sombre, ou montre-t-elle une surface unie ? Reprenez-la.",
  "reason.too_few_matches":
    "Elle a trop peu en commun avec les autres photos : prenez-en une ou deux entre elle et ses voisines.",
  "reason.needs_parallax": "Elle a été prise du même endroit que ses voisines : faites un pas de côté et reprenez-la.",
  "reason.not_connected":
    "Elle ne s’accorde qu’avec des photos qui attendent aussi : prenez-en une qui recouvre à la fois celle-ci et le modèle. Trois qui s’accordent commencent une deuxième partie.",
  "reason.too_few_points":
    "Elle recouvre trop peu le modèle pour être mise en place sûrement : prenez-en une entre elle et ses voisines.",
  "reason.copy_of_another":
    "C’est l’image d’une autre photo, comme une capture d’écran, un collage ou un recadrage : envoyez cette photo elle-même.",
  "reason.unsure_pose":
    "On ne sait pas sûrement d’où elle a été prise : prenez-en une autre tout près, avec plus de recouvrement.",
  "reason.not_an_image": "Ce fichier n’est pas une photo utilisable",
  "reason.empty_image": "Le fichier est vide",
  "reason.damaged_image": "La photo est abîmée : recopiez-la depuis la carte",
  "reason.image_too_large": "La photo est trop grande",
  "reason.image_too_costly": "La photo est trop longue à lire : enregistrez-la en JPEG ordinaire",
  "reason.image_refused": "La photo est refusée",
  "reason.foreign_session": "La photo porte le nom de celle d’une autre personne",
  "reason.torn_upload": "La photo n’est pas arrivée entière",
  "reason.wrong_digest": "La photo est arrivée altérée",
  "reason.quota": "Trop de photos pour le moment",
  "reason.too_many_at_once": "Trop à la fois",
  "reason.bad_preview": "L’aperçu est illisible",
  "reason.previews_not_taken": "Les aperçus ne sont pas acceptés ici",
  "reason.preview_known": "L’aperçu est déjà là",
  "reason.preview_does_not_fit": "L’aperçu montre autre chose que la photo",
  "reason.disk_full": "Le disque est plein",
  "reason.disk_budget": "L’espace disque accordé à ce projet est plein",
  "reason.store_failed": "Le disque est défaillant",
  "reason.broker_full": "Le serveur de messages est plein",
  "reason.broker_lost": "La connexion au serveur de messages est perdue",
  "reason.another_reconstructor": "Un autre ordinateur reconstruit ce projet",
  "reason.retained_budget_reached": "La place du serveur pour ce projet est pleine",
  "reason.refetch_rejected": "Le recalcul était moins bon que ce qui est montré, qui reste",
  "reason.cloud_out_of_bounds": "Les nouveaux points sont loin de l’objet",
  "reason.black_box_failed": "Le programme de reconstruction a échoué",
  "reason.black_box_crashed": "Le programme de reconstruction s’est arrêté de façon inattendue",
  "reason.black_box_timeout": "La reconstruction a duré trop longtemps",
  "reason.black_box_out_of_memory": "La reconstruction a demandé trop de mémoire",
  "reason.bad_annotation": "Cela repose sur des points disparus ou a été modifié entre-temps : regardez à nouveau",
  "reason.annotations_too_fast":
    "Trop de mesures et de notes changées à la fois : attendez une minute, puis recommencez",
  "reason.too_many_annotations": "Ce compte a laissé autant de mesures et de notes que permis : supprimez-en",
  "reason.bad_scale_bar": "Cette distance ne donne pas la taille de l’objet : mesurez deux points éloignés",
  "reason.generation_gone": "Ces points ont été remplacés",
  "reason.no_images": "Il n’y a pas encore d’image",
  "reason.request_refused": "La demande a été refusée",
  "reason.unreachable": "Le serveur ne répond pas.",
  "reason.not_allowed": "Le nom ou le mot de passe est incorrect. Veuillez réessayer.",
  "reason.bad_invitation":
    "Cette invitation n’est pas (ou plus) valable. Copiez le lien entier, ou demandez-en une nouvelle.",
  "reason.name_taken": "Ce nom est déjà pris. Choisissez-en un autre.",
  "reason.not_operator": "Seules les personnes responsables du projet peuvent inviter.",
  "reason.look_only":
    "Vous pouvez regarder, mais pas ajouter ni modifier quoi que ce soit. Demandez un compte avec plus de droits.",
  "reason.no_receipt": "Aucune confirmation n’est arrivée. La reconstruction fonctionne-t-elle ?",
  "reason.nothing_to_measure": "Il n’y a encore rien à mesurer.",
  "reason.publish_refused": "Le serveur ne l’a pas accepté.",
  "reason.bad_thumbnail": "La petite image d’une photo est inutilisable.",
  "reason.bad_shard": "Une partie de l’objet est arrivée abîmée.",
  "reason.bad_page": "Une liste des parties de l’objet est arrivée abîmée.",
  "reason.bad_message": "Un message était illisible.",
  "reason.unknown_schema": "Le serveur envoie des messages d’une autre version. Rechargez la page.",
  "reason.packet_too_large": "Le serveur n’accepte pas de message de cette taille.",
  "reason.unreadable_file":
    "Ce fichier est illisible. S’il se trouve dans un espace en ligne, téléchargez-le d’abord sur cet appareil.",
};
