/** Warum wartet etwas, oder warum wurde es abgelehnt? Die Sätze zu den Codes, auf Deutsch. */
import type { Reasons } from "../table";

export const GERMAN_REASONS: Reasons = {
  "reason.none": "kein Grund angegeben",
  "reason.first_image": "Das erste Foto wartet auf ein zweites vom selben Objekt von einem anderen Ort.",
  "reason.too_few_features":
    "Kaum Einzelheiten erkennbar: Ist es unscharf, dunkel oder zeigt es eine leere Fläche? Bitte noch einmal aufnehmen.",
  "reason.too_few_matches":
    "Es hat zu wenig mit den anderen Fotos gemeinsam: Nehmen Sie ein oder zwei zwischen ihm und seinen Nachbarn auf.",
  "reason.needs_parallax":
    "Es wurde vom selben Ort wie seine Nachbarn aufgenommen: Gehen Sie einen Schritt zur Seite und nehmen Sie es noch einmal auf.",
  "reason.not_connected":
    "Es passt nur zu Fotos, die selbst warten: Nehmen Sie eines auf, das sowohl dieses als auch das Modell zeigt. Drei, die zueinander passen, beginnen einen zweiten Teil.",
  "reason.too_few_points":
    "Es überlappt das Modell zu wenig, um sicher eingeordnet zu werden: Nehmen Sie eines zwischen ihm und seinen Nachbarn auf.",
  "reason.copy_of_another":
    "Es ist ein Abbild eines anderen Fotos, etwa ein Bildschirmfoto, eine Collage oder ein Ausschnitt: Senden Sie das Foto selbst.",
  "reason.unsure_pose":
    "Es ist nicht eindeutig, wo es aufgenommen wurde: Nehmen Sie in der Nähe ein weiteres mit mehr Überlappung auf.",
  "reason.not_an_image": "Diese Datei ist kein verwendbares Foto",
  "reason.empty_image": "Die Datei ist leer",
  "reason.damaged_image": "Das Foto ist beschädigt: bitte neu von der Karte kopieren",
  "reason.image_too_large": "Das Foto ist zu groß",
  "reason.image_too_costly": "Das Foto lässt sich nicht schnell genug lesen: bitte als gewöhnliches JPEG speichern",
  "reason.image_refused": "Das Foto wird abgelehnt",
  "reason.foreign_session": "Das Foto trägt den Namen eines fremden Fotos",
  "reason.torn_upload": "Das Foto ist nicht vollständig angekommen",
  "reason.wrong_digest": "Das Foto ist verändert angekommen",
  "reason.quota": "Zu viele Fotos im Moment",
  "reason.too_many_at_once": "Zu viel auf einmal",
  "reason.bad_preview": "Die Vorschau ist nicht lesbar",
  "reason.previews_not_taken": "Vorschauen werden hier nicht angenommen",
  "reason.preview_known": "Die Vorschau ist schon da",
  "reason.preview_does_not_fit": "Die Vorschau zeigt etwas anderes als das Foto",
  "reason.disk_full": "Der Speicher ist voll",
  "reason.disk_budget": "Der Speicherplatz, den dieses Projekt belegen darf, ist voll",
  "reason.store_failed": "Der Speicher versagt",
  "reason.broker_full": "Der Nachrichtenserver ist voll",
  "reason.broker_lost": "Die Verbindung zum Nachrichtenserver ist abgerissen",
  "reason.another_reconstructor": "Ein anderer Computer rekonstruiert dieses Projekt",
  "reason.retained_budget_reached": "Der Platz des Servers für dieses Projekt ist voll",
  "reason.refetch_rejected": "Die Neuberechnung war schlechter als das Gezeigte; dieses bleibt",
  "reason.cloud_out_of_bounds": "Die neuen Punkte liegen weit vom Objekt entfernt",
  "reason.black_box_failed": "Das Rekonstruktionsprogramm ist fehlgeschlagen",
  "reason.black_box_crashed": "Das Rekonstruktionsprogramm wurde unerwartet beendet",
  "reason.black_box_timeout": "Die Rekonstruktion dauerte zu lange",
  "reason.black_box_out_of_memory": "Die Rekonstruktion brauchte zu viel Arbeitsspeicher",
  "reason.bad_annotation":
    "Es liegt auf Punkten, die nicht mehr da sind, oder wurde inzwischen geändert: noch einmal ansehen",
  "reason.annotations_too_fast": "Zu viele Maße und Notizen auf einmal geändert: eine Minute warten, dann noch einmal",
  "reason.too_many_annotations":
    "Dieses Konto hat so viele Maße und Notizen hinterlassen, wie es darf: bitte einige löschen",
  "reason.bad_scale_bar":
    "Diese Strecke legt die Größe des Objekts nicht fest: Messen Sie zwei Punkte, die auseinanderliegen",
  "reason.generation_gone": "Diese Punkte sind inzwischen ersetzt",
  "reason.no_images": "Noch ist kein Bild da",
  "reason.request_refused": "Die Anfrage wurde abgelehnt",
  "reason.unreachable": "Der Server antwortet nicht.",
  "reason.not_allowed": "Name oder Passwort stimmen nicht. Bitte noch einmal versuchen.",
  "reason.bad_invitation":
    "Diese Einladung gilt nicht (mehr). Kopieren Sie den ganzen Link, oder bitten Sie um eine neue.",
  "reason.name_taken": "Dieser Name ist vergeben. Wählen Sie einen anderen.",
  "reason.not_operator": "Nur wer das Projekt betreut, darf einladen.",
  "reason.look_only":
    "Sie dürfen hier zusehen, aber nichts hinzufügen oder ändern. Bitten Sie um ein Konto mit mehr Rechten.",
  "reason.no_receipt": "Es kam keine Bestätigung. Läuft die Rekonstruktion?",
  "reason.nothing_to_measure": "Noch gibt es nichts zu messen.",
  "reason.publish_refused": "Der Server hat dies nicht angenommen.",
  "reason.bad_thumbnail": "Das kleine Bild eines Fotos ist nicht brauchbar.",
  "reason.bad_shard": "Ein Teil des Objekts ist beschädigt angekommen.",
  "reason.bad_page": "Eine Liste der Teile des Objekts ist beschädigt angekommen.",
  "reason.bad_message": "Eine Nachricht war nicht lesbar.",
  "reason.unknown_schema": "Der Server sendet Nachrichten einer anderen Version. Laden Sie die Seite neu.",
  "reason.packet_too_large": "Der Server nimmt keine Nachricht dieser Größe an.",
  "reason.unreadable_file":
    "Diese Datei lässt sich nicht lesen. Liegt sie in einem Cloud-Speicher, laden Sie sie zuerst auf dieses Gerät.",
};
