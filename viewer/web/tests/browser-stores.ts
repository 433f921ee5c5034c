/** As much of a browser's IndexedDB and Web Locks as kept photographs use. */

type Row = Readonly<Record<string, unknown>> & { readonly key: string };

/** A database whose rows come in the order of their keys. */
export class Database {
  readonly rows = new Map<string, Row>();
  isFull = false;

  open(): object {
    return answered({ transaction: () => this.transaction(), close: () => undefined });
  }

  private transaction(): object {
    const begun: Record<string, unknown> = { error: new Error("the disk is full") };
    let isAborted = false;
    const store = {
      get: (key: string) => answered(this.rows.get(key)),
      getAll: () => answered([...this.rows.values()].sort((one, other) => (one.key < other.key ? -1 : 1))),
      put: (row: Row) => {
        isAborted = this.isFull;
        if (!isAborted) this.rows.set(row.key, row);
        return answered(undefined);
      },
      delete: (key: string) => answered(this.rows.delete(key)),
    };
    begun["objectStore"] = () => store;
    setTimeout(() => {
      (begun[isAborted ? "onabort" : "oncomplete"] as () => void)();
    });
    return begun;
  }
}

function answered(result: unknown): Record<string, unknown> {
  const asked: Record<string, unknown> = { result };
  queueMicrotask(() => (asked["onsuccess"] as (() => void) | undefined)?.());
  return asked;
}

/** Exclusive locks by name, each given to those who ask in their order. */
export class Locks {
  private readonly ends = new Map<string, Promise<unknown>>();
  private readonly held = new Set<string>();

  request<T>(name: string, ...given: readonly unknown[]): Promise<T> {
    const act = given.at(-1) as () => T | Promise<T>;
    const { signal } = (given.length > 1 ? given[0] : {}) as { signal?: AbortSignal };
    const before = this.ends.get(name) ?? Promise.resolve();
    const work = before.then(async () => {
      signal?.throwIfAborted();
      this.held.add(name);
      try {
        return await act();
      } finally {
        this.held.delete(name);
      }
    });
    this.ends.set(
      name,
      work.catch(() => undefined),
    );
    return work;
  }

  query(): Promise<{ held: readonly { name: string }[] }> {
    return Promise.resolve({ held: [...this.held].map((name) => ({ name })) });
  }
}
