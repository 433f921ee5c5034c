/** What does the page say in English? The table that names every sentence; the other languages have the same keys. */

/** `{count}` selects the plural form. Other names in braces are values; a number among them is written by the language. */
export const ENGLISH = {
  // Counts, numbers and units
  images: { one: "{count} image", other: "{count} images" },
  photos: { one: "{count} photo", other: "{count} photos" },
  points: { one: "{written} point", other: "{written} points" },
  shards: { one: "{count} shard", other: "{count} shards" },
  version: {
    ordinal: {
      one: "{count}st complete version",
      two: "{count}nd complete version",
      few: "{count}rd complete version",
      other: "{count}th complete version",
    },
  },
  "version.update": "{version}, update {revision}",
  "length.no_scale": "{value} (no scale yet)",
  minutes: "{minutes} min {seconds} s",

  // The chip at the top: one or two words
  "chip.connecting": "Connecting",
  "chip.reconnecting": "Reconnecting",
  "chip.refused": "Access denied",
  "chip.closed": "Closed",
  "chip.paused": "Paused",
  "chip.disk_full": "Disk full",
  "chip.offline": "Offline",
  "chip.rebuilding": "Rebuilding",
  "chip.rebuilding_percent": "Rebuilding {percent}",
  "chip.processing": "Placing image {number}",
  "chip.loading": "Loading {percent}",
  "chip.waiting": "Ready",
  "chip.live": "Live",
  "chip.device_paused": "Paused on this device",

  // The same in a sentence
  "story.paused": "The reconstruction is paused. New photos are stored and wait.",
  "story.disk_full": "The reconstructor's disk is full. It accepts no photos until there is space.",
  "story.offline": "The reconstructor is offline. You see its last published points. New photos will wait.",
  "story.first_version": "Building the first complete version.",
  "story.rebuilding": "Rebuilding from {photos}. You keep seeing the {version}.",
  "story.reconnecting": "The connection was lost. What you see stays. The page reconnects by itself.",

  // Banners
  "banner.trouble": "New points do not come: {reason}",
  "banner.failed_shards": {
    one: "{count} part of the object did not arrive.",
    other: "{count} parts of the object did not arrive.",
  },
  "banner.uploading": "Sending photo {place} of {total}. Keep this page open until every photo is stored.",
  "banner.second_part": {
    one: "Second part: {count} photo does not fit the rest. It stands beside it, not measured. Photograph what joins them.",
    other:
      "Second part: {count} photos fit each other but not the rest. They stand beside it, not measured. Photograph what joins them.",
  },
  "banner.further_parts": {
    one: "{parts} further parts: {count} photo does not fit the rest. It stands beside it, not measured. Photograph what joins them.",
    other:
      "{parts} further parts: {count} photos fit each other but not the rest. They stand beside it, not measured. Photograph what joins them.",
  },
  "banner.budget": "This device shows the coarsest {points}. The finest points are left out.",
  "banner.left_out":
    "The server’s room for this project is full. The finest {points} are not shown here. Exports contain them.",

  // Notices in the middle of an empty page
  "notice.unreachable": "Cannot reach the server",
  "notice.unreachable.text": "Are you on the site’s network? The page keeps trying by itself.",
  "notice.refused": "Access denied",
  "notice.refused.text": "The name, the password or the project is wrong. Ask the person who runs the site.",
  "notice.no_project": "Unknown project “{project}”",
  "notice.no_project.text": "This project does not exist, or you may not see it.",
  "notice.empty": "Waiting for the first photo",
  "notice.empty.text": "The object appears here as soon as photos arrive.",
  "notice.first_image": "Placing the first photos",
  "notice.first_image.text": "Two photos that overlap are enough to begin. Keep walking around the object.",
  "notice.loading": "Loading",
  "notice.loading.text": "Coarse points come first, then the details.",

  // Images
  "image.queued": "in the queue",
  "image.processing": "being placed",
  "image.placed": "placed",
  "image.waiting": "waiting for overlap",
  "image.rejected": "not usable",
  "image.failed": "failed",
  "image.open": "not taken yet",
  "image.preview_only": "Preview only: full size not here yet",
  "image.number": "Image {number}",
  "image.no_number": "Image without a number",
  "image.state": "{image}: {state}",

  // Activity
  "activity.empty": "Nothing has happened yet.",
  "activity.started": "Image {number} is being placed",
  "activity.rebuilding": "Building the {version}",
  "activity.progress": "{stage}: {percent}",
  "activity.added": "Image {number} added points: {points} in total",
  "activity.scale": "{user} set a scale bar of {length}",
  "activity.rebuilt": "Rebuilt from all images in {duration}",
  "activity.waiting": "Image {number} waits for more overlap",
  "activity.rejected": "Image {number} could not be used",
  "activity.placed": "Image {number} placed in {duration}",
  "activity.placed_points": "Image {number} placed in {duration}, {points} added",
  "activity.ready": "The reconstructor is ready",
  "activity.paused": "The reconstructor is paused",
  "activity.disk_full": "The reconstructor's disk is full",
  "activity.offline": "The reconstructor is offline",
  "activity.rig_online": "Rig {rig} is online",
  "activity.rig_offline": "Rig {rig} is offline",
  "activity.rig_finished": "Rig {rig} has finished",
  "activity.only_warnings": "Only warnings ({warnings})",
  "rig.title": "Rigs",
  "rig.capturing": "taking photos",
  "rig.idle": "there, taking no photos",
  "rig.finished": "finished",
  "rig.offline": "offline",
  "rig.unknown": "Has not told how many photos are on it",
  "rig.empty": "No photo is waiting on it",
  "rig.waiting": { one: "{count} photo still on it", other: "{count} photos still on it" },
  "rig.battery": "Battery {percent}",
  "rig.free": "{size} free",
  "rig.degrees": "{degrees} °C",
  "rig.warn_battery": "The battery is at {percent}",
  "rig.warn_disk": "Only {size} of its disk are free",
  "rig.warn_hot": "It is {degrees} °C hot: put it into the shade",
  "rig.warn_throttled": "It runs slowly: it is too hot, or its power supply is too weak",
  "rig.warn_clock": "Its clock is not set by a time server",
  "rig.warn_left": "Its photos are not all here yet: switch it on where it reaches the network",
  "rig.warn_spool_filling": "Its room for photos is nearly full",
  "rig.warn_photographs_held": "Photos on it wait for another project or server",
  "rig.warn_alarm": "It reports “{name}”",
  watching: { one: "{names} is watching", other: "{names} are watching" },

  // Answers to requests
  "answer.refused": "Not done: {reason}",
  "answer.ping": "The reconstructor answered",
  "answer.resync": "The missing parts are sent again",
  "answer.refetch": "The rebuild is asked for",
  "answer.pause": "The reconstruction is paused",
  "answer.resume": "The reconstruction goes on",

  // Receipts of photographs
  "receipt.waits": "A photo has to wait: {reason}",
  "receipt.rejected": "A photo was not accepted: {reason}",
  "receipt.previewed": "The preview of your photo is here. Its full size is still to come",
  "receipt.previewed_as": "The preview of your photo is here as image {number}. Its full size is still to come",
  "receipt.preview_refused": "A preview was not used: {reason}. The photo is sent as it is",
  "receipt.stored": "Your photo is stored",
  "receipt.stored_as": "Your photo is stored as image {number}",
  "kept.none": "This browser keeps no photos: leave this page open until they are sent",
  kept: { one: "{count} photo was kept and is sent now", other: "{count} photos were kept and are sent now" },

  // The row of stones: how many images are left until the next rebuild
  "rail.none": "No image yet",
  "rail.next": { one: "{count} more until the next rebuild", other: "{count} more until the next rebuild" },
  "rail.every": {
    ordinal: {
      one: "a rebuild at every {count}st image",
      two: "a rebuild at every {count}nd image",
      few: "a rebuild at every {count}rd image",
      other: "a rebuild at every {count}th image",
    },
  },
  "rail.now": "rebuilt with this image",
  "rail.stone_rebuild": "{image}: {state}, rebuild with this image",

  // Uploads
  "upload.queued": "in the queue",
  "upload.reading": "reading",
  "upload.previewing": "sending a small preview first",
  "upload.sending": "sending {size}",
  "upload.sent_of": "{sent} of {size} sent",
  "upload.sent": "sent, waiting for the receipt",
  "upload.too_many": "Too many photos for now",
  "upload.again": "{reason}. This page sends it again then; leave it open.",
  "upload.stored": "stored",
  "upload.stored_as": "stored as image {number}",
  "upload.duplicate": "already stored",
  "upload.duplicate_as": "already stored as image {number}",
  "upload.refused": "not accepted",
  "upload.preview_sent": "Preview sent. Full size: {words}",
  "upload.preview_placed": "Placed from its preview. Full size: {words}",
  "upload.preview_placed_as": "Placed from its preview as image {number}. Full size: {words}",
  "upload.previews": {
    one: "{count} photo is placed from a small preview. Its full size is still on the way. Keep this page open until every photo is stored.",
    other:
      "{count} photos are placed from a small preview. Their full sizes are still on the way. Keep this page open until every photo is stored.",
  },

  // What screen readers say
  lost: "The connection was lost.",

  // Before the page is there
  "page.no_answer": "The page server does not answer. Trying again …",

  // Reasons that come with a code
  "reason.none": "no reason given",
} as const;
