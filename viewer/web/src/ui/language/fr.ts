/** Que dit la page en français ? Des phrases avec « vous », des boutons à l’infinitif. */
import type { Translation } from "./table";

export const FRENCH: Translation = {
  images: { one: "{count} image", many: "{count} d’images", other: "{count} images" },
  photos: { one: "{count} photo", many: "{count} de photos", other: "{count} photos" },
  points: { one: "{written} point", many: "{written} de points", other: "{written} points" },
  shards: { one: "{count} fragment", many: "{count} de fragments", other: "{count} fragments" },
  version: { ordinal: { one: "{count}re version complète", other: "{count}e version complète" } },
  "version.update": "{version}, ajout {revision}",
  "length.no_scale": "{value} (pas encore d’échelle)",
  minutes: "{minutes} min {seconds} s",

  "chip.connecting": "Connexion",
  "chip.reconnecting": "Reconnexion",
  "chip.refused": "Accès refusé",
  "chip.closed": "Fermé",
  "chip.paused": "En pause",
  "chip.disk_full": "Disque plein",
  "chip.offline": "Hors ligne",
  "chip.rebuilding": "Recalcul",
  "chip.rebuilding_percent": "Recalcul {percent}",
  "chip.processing": "Mise en place de l’image {number}",
  "chip.loading": "Chargement {percent}",
  "chip.waiting": "Prêt",
  "chip.live": "En direct",
  "chip.device_paused": "En pause sur cet appareil",

  "story.paused": "La reconstruction est en pause. Les nouvelles photos sont enregistrées et attendent.",
  "story.disk_full":
    "Le disque de la reconstruction est plein. Elle n’accepte plus de photos tant qu’il n’y a pas de place.",
  "story.offline":
    "La reconstruction est hors ligne. Vous voyez les derniers points publiés. Les nouvelles photos attendront.",
  "story.first_version": "La première version complète est en cours de calcul.",
  "story.rebuilding": "Recalcul à partir de {photos}. En attendant, vous voyez la {version}.",
  "story.reconnecting": "La connexion est perdue. Ce que vous voyez reste. La page se reconnecte d’elle-même.",

  "banner.trouble": "Il n’arrive plus de nouveaux points : {reason}",
  "banner.failed_shards": {
    one: "{count} partie de l’objet n’est pas arrivée.",
    many: "{count} de parties de l’objet ne sont pas arrivées.",
    other: "{count} parties de l’objet ne sont pas arrivées.",
  },
  "banner.uploading":
    "Envoi de la photo {place} sur {total}. Gardez cette page ouverte jusqu’à ce que toutes les photos soient enregistrées.",
  "banner.second_part": {
    one: "Deuxième partie : {count} photo ne s’accorde pas avec le reste. Elle est à côté, sans mesure. Photographiez ce qui les relie.",
    many: "Deuxième partie : {count} de photos s’accordent entre elles, mais pas avec le reste. Elles sont à côté, sans mesure. Photographiez ce qui les relie.",
    other:
      "Deuxième partie : {count} photos s’accordent entre elles, mais pas avec le reste. Elles sont à côté, sans mesure. Photographiez ce qui les relie.",
  },
  "banner.further_parts": {
    one: "{parts} autres parties : {count} photo ne s’accorde pas avec le reste. Elle est à côté, sans mesure. Photographiez ce qui les relie.",
    many: "{parts} autres parties : {count} de photos s’accordent entre elles, mais pas avec le reste. Elles sont à côté, sans mesure. Photographiez ce qui les relie.",
    other:
      "{parts} autres parties : {count} photos s’accordent entre elles, mais pas avec le reste. Elles sont à côté, sans mesure. Photographiez ce qui les relie.",
  },
  "banner.budget": "Cet appareil montre les {points} les plus grossiers. Les plus fins ne sont pas affichés.",
  "banner.left_out":
    "La place du serveur pour ce projet est pleine. Les {points} les plus fins ne sont pas affichés ici. Les exports les contiennent.",

  "notice.unreachable": "Serveur injoignable",
  "notice.unreachable.text": "Êtes-vous sur le réseau du chantier ? La page continue d’essayer d’elle-même.",
  "notice.refused": "Accès refusé",
  "notice.refused.text":
    "Le nom, le mot de passe ou le projet est incorrect. Demandez à la personne responsable du système.",
  "notice.no_project": "Projet inconnu : « {project} »",
  "notice.no_project.text": "Ce projet n’existe pas, ou vous n’avez pas le droit de le voir.",
  "notice.empty": "En attente de la première photo",
  "notice.empty.text": "L’objet apparaît ici dès que des photos arrivent.",
  "notice.first_image": "Mise en place des premières photos",
  "notice.first_image.text":
    "Deux photos qui se recouvrent suffisent pour commencer. Continuez à marcher autour de l’objet.",
  "notice.loading": "Chargement",
  "notice.loading.text": "D’abord les points grossiers, puis les détails.",

  "image.queued": "en file d’attente",
  "image.processing": "mise en place",
  "image.placed": "en place",
  "image.waiting": "attend un recouvrement",
  "image.rejected": "inutilisable",
  "image.failed": "échec",
  "image.open": "pas encore prise",
  "image.preview_only": "Aperçu seulement : la pleine taille n’est pas encore là",
  "image.number": "Image {number}",
  "image.no_number": "Image sans numéro",
  "image.state": "{image} : {state}",

  "activity.empty": "Il ne s’est encore rien passé.",
  "activity.started": "Mise en place de l’image {number}",
  "activity.rebuilding": "Calcul de la {version}",
  "activity.progress": "{stage} : {percent}",
  "activity.added": "L’image {number} a ajouté des points : {points} au total",
  "activity.manifest": "{version} : {points}, {images}",
  "activity.scale": "{user} a posé une échelle de {length}",
  "activity.rebuilt": "Recalculé à partir de toutes les images en {duration}",
  "activity.waiting": "L’image {number} attend plus de recouvrement",
  "activity.rejected": "L’image {number} n’a pas pu être utilisée",
  "activity.placed": "Image {number} mise en place en {duration}",
  "activity.ready": "La reconstruction est prête",
  "activity.paused": "La reconstruction est en pause",
  "activity.disk_full": "Le disque de la reconstruction est plein",
  "activity.offline": "La reconstruction est hors ligne",
  "activity.placed_of": {
    one: "{placed} image en place sur {count}",
    many: "{placed} images en place sur {count}",
    other: "{placed} images en place sur {count}",
  },
  "activity.watching": "{user} regarde",
  "activity.rig_online": "L’appareil {rig} est en ligne",
  "activity.rig_offline": "L’appareil {rig} est hors ligne",
  "activity.missing": "La reconstruction attend des morceaux d’une photo",
  "activity.wanted": "La reconstruction demande d’abord la pleine taille de certaines photos",

  "answer.refused": "Non exécuté : {reason}",
  "answer.ping": "La reconstruction a répondu",
  "answer.resync": "Les parties manquantes sont renvoyées",
  "answer.refetch": "Le recalcul est demandé",
  "answer.pause": "La reconstruction est en pause",
  "answer.resume": "La reconstruction continue",

  "receipt.waits": "Une photo doit attendre : {reason}",
  "receipt.rejected": "Une photo n’a pas été acceptée : {reason}",
  "receipt.previewed": "L’aperçu de votre photo est là. La pleine taille suit",
  "receipt.previewed_as": "L’aperçu de votre photo est là : image {number}. La pleine taille suit",
  "receipt.preview_refused": "Un aperçu n’a pas été utilisé : {reason}. La photo est envoyée telle quelle",
  "receipt.stored": "Votre photo est enregistrée",
  "receipt.stored_as": "Votre photo est enregistrée : image {number}",
  "kept.none": "Ce navigateur ne conserve pas les photos : laissez cette page ouverte jusqu’à la fin de l’envoi",
  kept: {
    one: "{count} photo avait été conservée et part maintenant",
    many: "{count} de photos avaient été conservées et partent maintenant",
    other: "{count} photos avaient été conservées et partent maintenant",
  },

  "rail.none": "Pas encore d’image",
  "rail.next": {
    one: "encore {count} avant le recalcul",
    many: "encore {count} avant le recalcul",
    other: "encore {count} avant le recalcul",
  },
  "rail.every": { ordinal: { other: "recalcul toutes les {count} images" } },
  "rail.now": "recalcul avec cette image",
  "rail.stone_rebuild": "{image} : {state}, recalcul avec cette image",

  "upload.queued": "en file d’attente",
  "upload.reading": "lecture",
  "upload.previewing": "envoi d’abord d’un petit aperçu",
  "upload.sending": "envoi de {size}",
  "upload.sent_of": "{sent} sur {size} envoyés",
  "upload.sent": "envoyée, en attente de la confirmation",
  "upload.too_many": "Trop de photos pour le moment",
  "upload.again": "{reason}. Cette page la renverra ensuite ; laissez-la ouverte.",
  "upload.stored": "enregistrée",
  "upload.stored_as": "enregistrée : image {number}",
  "upload.duplicate": "déjà enregistrée",
  "upload.duplicate_as": "déjà enregistrée : image {number}",
  "upload.refused": "pas acceptée",
  "upload.preview_sent": "Aperçu envoyé. Pleine taille : {words}",
  "upload.preview_placed": "Mise en place d’après son aperçu. Pleine taille : {words}",
  "upload.preview_placed_as": "Mise en place d’après son aperçu : image {number}. Pleine taille : {words}",
  "upload.previews": {
    one: "{count} photo est en place d’après un petit aperçu. Sa pleine taille est encore en route. Gardez cette page ouverte jusqu’à ce que toutes les photos soient enregistrées.",
    many: "{count} de photos sont en place d’après un petit aperçu. Leurs pleines tailles sont encore en route. Gardez cette page ouverte jusqu’à ce que toutes les photos soient enregistrées.",
    other:
      "{count} photos sont en place d’après un petit aperçu. Leurs pleines tailles sont encore en route. Gardez cette page ouverte jusqu’à ce que toutes les photos soient enregistrées.",
  },

  lost: "La connexion est perdue.",

  "page.no_answer": "Le serveur de la page ne répond pas. Nouvel essai…",

  "reason.none": "sans motif indiqué",
};
