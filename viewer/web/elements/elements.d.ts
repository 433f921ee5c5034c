type Listening<Own> = Own & {
  addEventListener<Name extends keyof CairnEvents>(
    name: Name,
    listener: (event: CairnEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof CairnEvents>(
    name: Name,
    listener: (event: CairnEvents[Name]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
} & HTMLElement;

export type CairnCloudElement = Listening<CairnCloud>;
export type CairnViewerElement = Listening<CairnViewer>;

declare global {
  interface HTMLElementTagNameMap {
    "cairn-cloud": CairnCloudElement;
    "cairn-viewer": CairnViewerElement;
  }
}
