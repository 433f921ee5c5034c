/** Which sentences does the page show of a rig? Its status, what is still on it, and what is worth a look. */
import type { Rig, RigStatus, RigWarning } from "../../scene/rigs";
import { waitingOn } from "../../scene/rigs";
import { bytes, counted, percent } from "../format";

const STATUS: Readonly<Record<RigStatus, string>> = {
  capturing: "Taking photos",
  idle: "There, not taking photos",
  finished: "Finished",
  offline: "Offline",
};

export function rigStatusWords(status: RigStatus): string {
  return STATUS[status];
}

/** What is still on the rig. */
export function spoolWords(rig: Rig): string {
  const count = waitingOn(rig);
  if (count === null) return "Has not told how many photos are on it";
  return count === 0 ? "No photo is waiting on it" : `${counted(count, "photo")} still on it`;
}

/** Battery, disk and temperature, as far as the rig tells them. */
export function rigFigures({ health }: Rig): readonly string[] {
  if (!health) return [];
  const { battery_ratio: battery, disk_free_bytes: free, temperature_deg: degrees } = health;
  return [
    ...(battery === null ? [] : [`Battery ${percent(battery)}`]),
    `${bytes(free)} free`,
    ...(degrees === null ? [] : [`${Math.round(degrees)} °C`]),
  ];
}

export function rigWarningWords(warning: RigWarning): string {
  switch (warning.kind) {
    case "battery":
      return `The battery is at ${percent(warning.ratio)}`;
    case "disk":
      return `Only ${bytes(warning.freeBytes)} of disk are free`;
    case "hot":
      return `It is ${Math.round(warning.degrees)} °C hot: put it into the shade`;
    case "throttled":
      return "It runs slowly: it is too hot, or its power supply is too weak";
    case "clock":
      return "Its clock is not set by a time server";
    case "left_behind":
      return `${counted(warning.count, "photo")} on it are not here yet: switch it on where it reaches the network`;
    case "alarm":
      return ALARMS[warning.name] ?? `It reports “${warning.name.replaceAll("_", " ")}”`;
  }
}

const ALARMS: Readonly<Record<string, string>> = {
  spool_filling: "Its room for photos is nearly full",
  photographs_held: "Photos on it wait for another project or server",
};
