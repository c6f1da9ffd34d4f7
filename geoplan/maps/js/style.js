/**
 * Colours and sizes. Served is blue, not served orange: the pair that every kind of colour vision tells apart;
 * the darker, the nearer (blue) or the farther (orange).
 */
const SERVED = ["#0b4a8f", "#3f8fc6", "#9fcbe4"];
const BEYOND = ["#fcb57c", "#f0802b", "#cc4c02"];
const LOW = [250, 214, 186];
const MIDDLE = [243, 241, 232];
const HIGH = [190, 217, 237];

export const colour = {
  land: "#fdfcf9",
  unit: "#4a443b",
  unitTop: "#3d3830",
  street: "#ddd7ca",
  collector: "#d3cbba",
  arterial: "#c6bca6",
  estate: "#a89f8e",
  wall: "#8a7b63",
  noWay: "#2f2b33",
  empty: "#cbc6bb",
  flagged: "#7b3fa0",
  circle: "#1f6fb2",
  cluster: "#b33c00",
  centre: "#1d1b3a",
  centreOut: "#8c8a96",
  selected: "#e0007a",
  text: "#26221c",
  halo: "rgba(255,255,255,0.92)",
  water: "#a9cfe8",
  green: "#8fbf73",
  rail: "#57534c",
  motorway: "#b9935a",
};

/** Colour of a building that is `step` limits beyond, when `limit` of `count` limits is the one that counts. */
export function stepColour(step, limit, count) {
  if (step > count) return colour.noWay;
  if (step <= limit) {
    const at = count === 1 ? 0 : Math.round((step * (SERVED.length - 1)) / (count - 1));
    return SERVED[at];
  }
  const at = BEYOND.length - (count - limit) + (step - limit - 1);
  return BEYOND[Math.max(0, at)];
}

/** Light tint of a share from 0 (orange) to 1 (blue). */
export function shareColour(share) {
  const [from, to, t] = share < 0.5 ? [LOW, MIDDLE, share * 2] : [MIDDLE, HIGH, share * 2 - 1];
  return `rgb(${from.map((low, i) => Math.round(low + (to[i] - low) * t)).join(",")})`;
}

export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC","Segoe UI",system-ui,sans-serif';
