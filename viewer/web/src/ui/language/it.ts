/** Che cosa dice la pagina in italiano? Frasi all’infinito, pulsanti come comandi. */
import type { Translation } from "./table";

export const ITALIAN: Translation = {
  images: { one: "{count} immagine", many: "{count} di immagini", other: "{count} immagini" },
  photos: { one: "{count} foto", many: "{count} di foto", other: "{count} foto" },
  points: { one: "{written} punto", many: "{written} di punti", other: "{written} punti" },
  shards: { one: "{count} frammento", many: "{count} di frammenti", other: "{count} frammenti" },
  version: { ordinal: { other: "{count}ª versione completa" } },
  "version.update": "{version}, aggiunta {revision}",
  "length.no_scale": "{value} (ancora senza scala)",
  minutes: "{minutes} min {seconds} s",

  "chip.connecting": "Connessione",
  "chip.reconnecting": "Riconnessione",
  "chip.refused": "Accesso negato",
  "chip.closed": "Chiuso",
  "chip.paused": "In pausa",
  "chip.disk_full": "Disco pieno",
  "chip.offline": "Non in linea",
  "chip.rebuilding": "Ricalcolo",
  "chip.rebuilding_percent": "Ricalcolo {percent}",
  "chip.processing": "Collocazione immagine {number}",
  "chip.loading": "Caricamento {percent}",
  "chip.waiting": "Pronto",
  "chip.live": "In diretta",
  "chip.device_paused": "In pausa su questo dispositivo",

  "story.paused": "La ricostruzione è in pausa. Le nuove foto vengono salvate e attendono.",
  "story.disk_full": "Il disco della ricostruzione è pieno. Non accetta foto finché non c’è di nuovo spazio.",
  "story.offline":
    "La ricostruzione non è in linea. Si vedono gli ultimi punti pubblicati. Le nuove foto attenderanno.",
  "story.first_version": "È in corso il calcolo della prima versione completa.",
  "story.rebuilding": "Ricalcolo da {photos}. Nel frattempo resta visibile la {version}.",
  "story.reconnecting": "La connessione è caduta. Ciò che si vede rimane. La pagina si riconnette da sola.",

  "banner.trouble": "Non arrivano nuovi punti: {reason}",
  "banner.failed_shards": {
    one: "{count} parte dell’oggetto non è arrivata.",
    many: "{count} di parti dell’oggetto non sono arrivate.",
    other: "{count} parti dell’oggetto non sono arrivate.",
  },
  "banner.uploading":
    "Invio della foto {place} di {total}. Tenere aperta questa pagina finché tutte le foto non sono salvate.",
  "banner.second_part": {
    one: "Seconda parte: {count} foto non combacia con il resto. Sta accanto, non misurata. Fotografare ciò che le unisce.",
    many: "Seconda parte: {count} di foto combaciano tra loro, ma non con il resto. Stanno accanto, non misurate. Fotografare ciò che le unisce.",
    other:
      "Seconda parte: {count} foto combaciano tra loro, ma non con il resto. Stanno accanto, non misurate. Fotografare ciò che le unisce.",
  },
  "banner.further_parts": {
    one: "Altre {parts} parti: {count} foto non combacia con il resto. Sta accanto, non misurata. Fotografare ciò che le unisce.",
    many: "Altre {parts} parti: {count} di foto combaciano tra loro, ma non con il resto. Stanno accanto, non misurate. Fotografare ciò che le unisce.",
    other:
      "Altre {parts} parti: {count} foto combaciano tra loro, ma non con il resto. Stanno accanto, non misurate. Fotografare ciò che le unisce.",
  },
  "banner.budget": "Questo dispositivo mostra i {points} più grossolani. Quelli più fini non sono mostrati.",
  "banner.left_out":
    "Lo spazio del server per questo progetto è pieno. I {points} più fini non sono mostrati qui. Le esportazioni li contengono.",

  "notice.unreachable": "Server non raggiungibile",
  "notice.unreachable.text": "Si è nella rete del cantiere? La pagina continua a provare da sola.",
  "notice.refused": "Accesso negato",
  "notice.refused.text":
    "Il nome, la password o il progetto non sono corretti. Chiedere alla persona che gestisce il sistema.",
  "notice.no_project": "Progetto sconosciuto: «{project}»",
  "notice.no_project.text": "Questo progetto non esiste, o non è consentito vederlo.",
  "notice.empty": "In attesa della prima foto",
  "notice.empty.text": "L’oggetto appare qui non appena arrivano foto.",
  "notice.first_image": "Collocazione delle prime foto",
  "notice.first_image.text":
    "Due foto che si sovrappongono bastano per iniziare. Continuare a camminare intorno all’oggetto.",
  "notice.loading": "Caricamento",
  "notice.loading.text": "Prima arrivano i punti grossolani, poi i dettagli.",

  "image.queued": "in coda",
  "image.processing": "in collocazione",
  "image.placed": "collocata",
  "image.waiting": "attende sovrapposizione",
  "image.rejected": "non utilizzabile",
  "image.failed": "non riuscita",
  "image.open": "non ancora scattata",
  "image.preview_only": "Solo anteprima: la dimensione piena non è ancora arrivata",
  "image.number": "Immagine {number}",
  "image.no_number": "Immagine senza numero",
  "image.state": "{image}: {state}",

  "activity.empty": "Non è ancora successo nulla.",
  "activity.started": "Collocazione dell’immagine {number}",
  "activity.rebuilding": "Calcolo della {version}",
  "activity.progress": "{stage}: {percent}",
  "activity.added": "L’immagine {number} ha aggiunto punti: {points} in tutto",
  "activity.manifest": "{version}: {points} da {images}",
  "activity.scale": "{user} ha impostato una scala di {length}",
  "activity.rebuilt": "Ricalcolato da tutte le immagini in {duration}",
  "activity.waiting": "L’immagine {number} attende più sovrapposizione",
  "activity.rejected": "L’immagine {number} non è utilizzabile",
  "activity.placed": "Immagine {number} collocata in {duration}",
  "activity.ready": "La ricostruzione è pronta",
  "activity.paused": "La ricostruzione è in pausa",
  "activity.disk_full": "Il disco della ricostruzione è pieno",
  "activity.offline": "La ricostruzione non è in linea",
  "activity.placed_of": {
    one: "{placed} di {count} immagine collocata",
    many: "{placed} di {count} di immagini collocate",
    other: "{placed} di {count} immagini collocate",
  },
  "activity.watching": "{user} sta guardando",
  "activity.rig_online": "La fotocamera {rig} è in linea",
  "activity.rig_offline": "La fotocamera {rig} non è in linea",
  "activity.missing": "La ricostruzione attende parti di una foto",
  "activity.wanted": "La ricostruzione chiede prima la dimensione piena di alcune foto",

  "answer.refused": "Non eseguito: {reason}",
  "answer.ping": "La ricostruzione ha risposto",
  "answer.resync": "Le parti mancanti vengono inviate di nuovo",
  "answer.refetch": "Il ricalcolo è richiesto",
  "answer.pause": "La ricostruzione è in pausa",
  "answer.resume": "La ricostruzione prosegue",

  "receipt.waits": "Una foto deve attendere: {reason}",
  "receipt.rejected": "Una foto non è stata accettata: {reason}",
  "receipt.previewed": "L’anteprima della foto è arrivata. La dimensione piena deve ancora arrivare",
  "receipt.previewed_as":
    "L’anteprima della foto è arrivata come immagine {number}. La dimensione piena deve ancora arrivare",
  "receipt.preview_refused": "Un’anteprima non è stata usata: {reason}. La foto viene inviata così com’è",
  "receipt.stored": "La foto è salvata",
  "receipt.stored_as": "La foto è salvata come immagine {number}",
  "kept.none": "Questo browser non conserva le foto: lasciare aperta questa pagina finché non sono inviate",
  kept: {
    one: "{count} foto era stata conservata e viene inviata ora",
    many: "{count} di foto erano state conservate e vengono inviate ora",
    other: "{count} foto erano state conservate e vengono inviate ora",
  },

  "rail.none": "Ancora nessuna immagine",
  "rail.next": {
    one: "ancora {count} al prossimo ricalcolo",
    many: "ancora {count} al prossimo ricalcolo",
    other: "ancora {count} al prossimo ricalcolo",
  },
  "rail.every": { ordinal: { other: "ricalcolo ogni {count} immagini" } },
  "rail.now": "ricalcolo con questa immagine",
  "rail.stone_rebuild": "{image}: {state}, ricalcolo con questa immagine",

  "upload.queued": "in coda",
  "upload.reading": "lettura",
  "upload.previewing": "prima l’invio di una piccola anteprima",
  "upload.sending": "invio di {size}",
  "upload.sent_of": "{sent} di {size} inviati",
  "upload.sent": "inviata, in attesa della conferma",
  "upload.too_many": "Troppe foto per ora",
  "upload.again": "{reason}. Questa pagina la invierà di nuovo; lasciarla aperta.",
  "upload.stored": "salvata",
  "upload.stored_as": "salvata come immagine {number}",
  "upload.duplicate": "già salvata",
  "upload.duplicate_as": "già salvata come immagine {number}",
  "upload.refused": "non accettata",
  "upload.preview_sent": "Anteprima inviata. Dimensione piena: {words}",
  "upload.preview_placed": "Collocata dall’anteprima. Dimensione piena: {words}",
  "upload.preview_placed_as": "Collocata dall’anteprima come immagine {number}. Dimensione piena: {words}",
  "upload.previews": {
    one: "{count} foto è collocata da una piccola anteprima. La dimensione piena è ancora in arrivo. Tenere aperta questa pagina finché tutte le foto non sono salvate.",
    many: "{count} di foto sono collocate da una piccola anteprima. Le dimensioni piene sono ancora in arrivo. Tenere aperta questa pagina finché tutte le foto non sono salvate.",
    other:
      "{count} foto sono collocate da una piccola anteprima. Le dimensioni piene sono ancora in arrivo. Tenere aperta questa pagina finché tutte le foto non sono salvate.",
  },

  lost: "La connessione è caduta.",

  "page.no_answer": "Il server della pagina non risponde. Nuovo tentativo…",

  "reason.none": "nessun motivo indicato",
};
