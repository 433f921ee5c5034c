/** How do measures and notes come into a saved image? The shapes of the SVG over the canvas are painted as they look there. */

const SHAPES = "line, polyline, polygon, circle, text";
const FULL_TURN_RAD = 2 * Math.PI;

/** Paint lines, outlines, points and labels, in CSS pixels of the canvas, which `context` is scaled to. */
export function paintOverlay(context: CanvasRenderingContext2D, svg: ParentNode): void {
  for (const shape of svg.querySelectorAll(SHAPES)) {
    const style = getComputedStyle(shape);
    context.save();
    [context.lineCap, context.lineJoin] = ["round", "round"];
    context.lineWidth = parseFloat(style.strokeWidth) || 1;
    context.setLineDash((style.strokeDasharray.match(/[\d.]+/gu) ?? []).map(Number));
    if (style.fill !== "none") context.fillStyle = style.fill;
    if (style.stroke !== "none") context.strokeStyle = style.stroke;
    if (shape.localName === "text") paintText(context, shape, style);
    else paintShape(context, shape, style);
    context.restore();
  }
}

function paintShape(context: CanvasRenderingContext2D, shape: Element, style: CSSStyleDeclaration): void {
  const at = (name: string): number => Number(shape.getAttribute(name));
  context.beginPath();
  if (shape.localName === "circle") context.arc(at("cx"), at("cy"), at("r"), 0, FULL_TURN_RAD);
  else if (shape.localName === "line") trace(context, [at("x1"), at("y1"), at("x2"), at("y2")]);
  else trace(context, (shape.getAttribute("points") ?? "").split(/[\s,]+/u).map(Number));
  if (shape.localName === "polygon") context.closePath();
  if (style.fill !== "none" && shape.localName !== "line") {
    context.globalAlpha = Number(style.fillOpacity);
    context.fill();
    context.globalAlpha = 1;
  }
  if (style.stroke !== "none") context.stroke();
}

function trace(context: CanvasRenderingContext2D, numbers: readonly number[]): void {
  for (let at = 0; at + 1 < numbers.length; at += 2) context.lineTo(numbers[at] ?? 0, numbers[at + 1] ?? 0);
}

/** A label, with its halo below the letters. */
function paintText(context: CanvasRenderingContext2D, text: Element, style: CSSStyleDeclaration): void {
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  [context.textAlign, context.textBaseline] = ["center", "alphabetic"];
  const words = text.textContent.trim();
  const place = [Number(text.getAttribute("x")), Number(text.getAttribute("y"))] as const;
  if (style.stroke !== "none") context.strokeText(words, ...place);
  context.fillText(words, ...place);
}
