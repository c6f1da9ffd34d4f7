/** Where a place lies in GCJ-02, the shifted datum of Amap's tiles: for the display only, never for data. */
const RADIUS_M = 6378245;
const ECCENTRICITY2 = 0.006693421622965943;

/** @param {number} longitude @param {number} latitude WGS 84 degrees in mainland China @returns {[number, number]} GCJ-02 degrees */
export function toGcj02(longitude, latitude) {
  const [x, y] = [longitude - 105, latitude - 35];
  const {PI, sin, cos, sqrt, abs} = Math;
  const waves = 20 * sin(6 * x * PI) + 20 * sin(2 * x * PI);
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x));
  north += ((waves + 20 * sin(y * PI) + 40 * sin((y / 3) * PI) + 160 * sin((y / 12) * PI) + 320 * sin((y / 30) * PI)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x));
  east += ((waves + 20 * sin(x * PI) + 40 * sin((x / 3) * PI) + 150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const phi = (latitude / 180) * PI;
  const w2 = 1 - ECCENTRICITY2 * sin(phi) ** 2;
  const meridian = (RADIUS_M * (1 - ECCENTRICITY2)) / (w2 * sqrt(w2));
  const parallel = (RADIUS_M / sqrt(w2)) * cos(phi);
  return [longitude + (east * 180) / (parallel * PI), latitude + (north * 180) / (meridian * PI)];
}
