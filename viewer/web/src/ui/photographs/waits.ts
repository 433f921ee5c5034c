/** Which photographs wait in this browser? A summary of what the tabs of this origin keep, for the page. Pure. */

/** Photographs that wait for another account or another project. */
export interface Waiting {
  /** Null: of the person who is here. */
  readonly user: string | null;
  readonly project: string;
  readonly count: number;
}

/** Photographs in this browser that this tab does not send. */
export interface Beside {
  /** The number that living tabs of the same account and project send. */
  readonly elsewhereCount: number;
  readonly others: readonly Waiting[];
}

export interface Waits extends Beside {
  /** Whether this browser keeps photographs over a reload. */
  readonly isKeeping: boolean;
}

export const NOTHING_WAITS: Waits = { isKeeping: true, elsewhereCount: 0, others: [] };
