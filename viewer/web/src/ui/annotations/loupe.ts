/** What lies under a finger? A loupe above it, which shows the canvas enlarged while a point is dragged. */

const SIDE_PX = 136;
const ZOOM = 2.5;
const ABOVE_PX = 96;

export class Loupe {
  private readonly canvas = document.createElement("canvas");
  private image: ImageBitmap | null = null;
  private opened = 0;
  private at: readonly [number, number] = [0, 0];

  /** Show the loupe at a place of the canvas, in CSS pixels. The view stands still meanwhile, so one image is enough. */
  async open(root: ShadowRoot, at: readonly [number, number], capture: () => Promise<Blob | null>): Promise<void> {
    this.canvas.className = "loupe";
    this.canvas.setAttribute("data-testid", "loupe");
    root.append(this.canvas);
    this.move(at);
    this.opened += 1;
    const { opened } = this;
    const blob = await capture().catch(() => null);
    const image = blob && (await createImageBitmap(blob).catch(() => null));
    if (!this.canvas.isConnected || opened !== this.opened) {
      image?.close(); // let go meanwhile
      return;
    }
    this.image = image;
    this.draw();
  }

  move(at: readonly [number, number]): void {
    if (!this.canvas.isConnected) return;
    this.at = at;
    const [x, y] = at;
    const isLow = y < ABOVE_PX + SIDE_PX / 2 + 8;
    const left = isLow ? x + (x < innerWidth / 2 ? ABOVE_PX : -ABOVE_PX) : x;
    this.canvas.style.left = `${left - SIDE_PX / 2}px`;
    this.canvas.style.top = `${(isLow ? y : y - ABOVE_PX) - SIDE_PX / 2}px`;
    this.draw();
  }

  close(): void {
    this.canvas.remove();
    this.image?.close();
    this.image = null;
  }

  private draw(): void {
    const ratio = Math.min(2, devicePixelRatio);
    const side = SIDE_PX * ratio;
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext("2d");
    const host = this.canvas.parentNode instanceof ShadowRoot ? this.canvas.parentNode.host : null;
    if (!context || !host) return;
    context.clearRect(0, 0, side, side);
    if (this.image) {
      const scale = this.image.width / host.clientWidth;
      const seen = (SIDE_PX / ZOOM) * scale;
      const [x, y] = [this.at[0] * scale - seen / 2, this.at[1] * scale - seen / 2];
      context.drawImage(this.image, x, y, seen, seen, 0, 0, side, side);
    }
    context.strokeStyle = getComputedStyle(host).getPropertyValue("--accent");
    context.lineWidth = 1.5 * ratio;
    context.beginPath();
    for (const [fromX, fromY, toX, toY] of [
      [0.5, 0.32, 0.5, 0.46],
      [0.5, 0.54, 0.5, 0.68],
      [0.32, 0.5, 0.46, 0.5],
      [0.54, 0.5, 0.68, 0.5],
    ] as const) {
      context.moveTo(fromX * side, fromY * side);
      context.lineTo(toX * side, toY * side);
    }
    context.stroke();
  }
}
