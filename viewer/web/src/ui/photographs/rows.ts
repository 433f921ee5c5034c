/** Where do photographs live that are not sent yet? In IndexedDB, one row each, which all tabs of this origin share. */

const DATABASE = "cairn";
const STORE = "photographs";
/** For the database, which in some browsers never answers. */
const PATIENCE_MS = 2_000;

/** Who sends a photograph, and where to. */
export interface Account {
  readonly user: string;
  readonly project: string;
  /** The address of the page server. */
  readonly server: string;
}

export interface Kept extends Omit<Account, "server"> {
  readonly key: string;
  /** Rows of older pages have none: theirs is the server of this origin. */
  readonly server?: string;
  readonly blob: Blob;
  readonly name: string;
  readonly imageId: string | null;
  /** The tab that sends it. */
  readonly tab: string;
  /** When it was chosen, and its place among those of one moment. Rows of older pages have neither. */
  readonly chosenAtMs?: number;
  readonly place?: number;
}

/** The folder of the page server: the address of a page may have a query and a fragment. */
export function serverOf(base: string): string {
  return new URL(".", base).href;
}

export function isOnServer({ server: its }: Kept, server: string): boolean {
  return its === undefined ? server.startsWith(`${location.origin}/`) : its === server;
}

/** Visit all rows in the order in which the photographs were chosen. Throws where the browser keeps none. */
export async function visitKept(visit: (kept: Kept, store: IDBObjectStore) => void): Promise<void> {
  await stored((store) => {
    const asked = store.getAll() as IDBRequest<Kept[]>;
    asked.onsuccess = () => {
      for (const kept of asked.result.sort(byChoice)) visit(kept, store);
    };
  });
}

function byChoice(one: Kept, other: Kept): number {
  return (one.chosenAtMs ?? 0) - (other.chosenAtMs ?? 0) || (one.place ?? 0) - (other.place ?? 0);
}

/**
 * The number of photographs that all tabs of this account still have to send; 0 where the browser keeps none, and null
 * where its database does not answer.
 */
export async function keptCount(user: string, base: string): Promise<number | null> {
  let count = 0;
  const visited = visitKept((kept) => {
    if (kept.user === user && isOnServer(kept, serverOf(base))) count += 1;
  }).catch(ignore);
  return await Promise.race([visited.then(() => count), nothingAfter(PATIENCE_MS)]);
}

async function nothingAfter(timeoutMs: number): Promise<null> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  return null;
}

/** Delete the photographs that this account has not sent. */
export async function forgetKept(user: string, base: string): Promise<void> {
  await visitKept((kept, store) => {
    if (kept.user === user && isOnServer(kept, serverOf(base))) store.delete(kept.key);
  }).catch(ignore);
}

/** Use the store once. */
export async function stored(step: (store: IDBObjectStore) => void): Promise<void> {
  const database = await opened();
  try {
    await committed(database, step);
  } finally {
    database.close();
  }
}

/** What was not kept is sent from memory all the same. */
export function ignore(): void {
  // Only `keep` says so: a photograph that was never kept can neither be named nor forgotten.
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(STORE, { keyPath: "key" });
    };
    asked.onsuccess = () => {
      resolve(asked.result);
    };
    asked.onerror = () => {
      reject(asked.error ?? new Error("IndexedDB does not open"));
    };
  });
}

function committed(database: IDBDatabase, step: (store: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite");
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error("IndexedDB wrote nothing"));
    };
    step(transaction.objectStore(STORE));
  });
}
