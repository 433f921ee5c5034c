/** Which sentences does the page show of a rig? What is still on it, its figures, and what is worth a look. */
import type { Rig, RigWarning } from "../../scene/rigs";
import { waitingOn } from "../../scene/rigs";
import { bytes, percent } from "../format";
import { t } from "../language/t";

/** What is still on the rig. */
export function spoolWords(rig: Rig): string {
  const count = waitingOn(rig);
  if (count === null) return t("rig.unknown");
  return count === 0 ? t("rig.empty") : t("rig.waiting", { count });
}

/** Battery, disk and temperature, as far as the rig tells them. */
export function rigFigures({ health }: Rig): readonly string[] {
  if (!health) return [];
  const { battery_ratio: battery, disk_free_bytes: free, temperature_deg: degrees } = health;
  return [
    ...(battery === null ? [] : [t("rig.battery", { percent: percent(battery) })]),
    t("rig.free", { size: bytes(free) }),
    ...(degrees === null ? [] : [t("rig.degrees", { degrees: Math.round(degrees) })]),
  ];
}

export function rigWarningWords(warning: RigWarning): string {
  switch (warning.kind) {
    case "battery":
      return t("rig.warn_battery", { percent: percent(warning.ratio) });
    case "disk":
      return t("rig.warn_disk", { size: bytes(warning.freeBytes) });
    case "hot":
      return t("rig.warn_hot", { degrees: Math.round(warning.degrees) });
    case "throttled":
    case "clock":
    case "left":
      return t(`rig.warn_${warning.kind}`);
    case "alarm":
      if (warning.name === "spool_filling" || warning.name === "photographs_held") return t(`rig.warn_${warning.name}`);
      return t("rig.warn_alarm", { name: warning.name.replaceAll("_", " ") });
  }
}
