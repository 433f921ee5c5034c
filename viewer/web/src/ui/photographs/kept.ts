/** Which photographs are not sent yet? They are kept in IndexedDB until their receipt, so that a closed tab loses none. */
import type { Photograph, PhotographKeeper, Unsent } from "../../scene/uploading/photographs";
import { freshName } from "../../wire/ids";

const DATABASE = "cairn";
const STORE = "photographs";
const CHANNEL = "cairn.tabs";
/** A living tab holds the lock of this name with its own behind it, even while the browser lets it sleep. */
const LOCK = "cairn.tab-";
/** Claims of unsent photographs, one tab after the other. */
const CLAIM = "cairn.claim";
/** Within this time a living tab says that it is there, where the browser has no locks: over plain http. */
const ROLL_CALL_MS = 1500;
/** For the browser's database, which in some browsers never answers. */
const PATIENCE_MS = 2_000;

/** Whose photographs they are. */
export interface Account {
  readonly user: string;
  readonly project: string;
}

interface Kept extends Account {
  readonly key: string;
  readonly blob: Blob;
  readonly name: string;
  readonly imageId: string | null;
  /** The tab that sends it. */
  readonly tab: string;
}

export class KeptPhotographs implements PhotographKeeper {
  private readonly tab = freshName();
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly living = new Set([this.tab]);
  private work: Promise<unknown> = Promise.resolve();
  private letGo: () => void = () => undefined;

  /** `onTrouble` is called when the browser keeps nothing: the disk is full, or the window is private. */
  constructor(
    private readonly account: Account,
    private readonly onTrouble: () => void,
  ) {
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === "roll-call") this.channel.postMessage(this.tab);
      else if (typeof data === "string") this.living.add(data);
    };
    const held = new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
    locks()
      ?.request(LOCK + this.tab, () => held)
      .catch(ignore);
  }

  keep(key: string, photograph: Photograph): void {
    if (!(photograph instanceof Blob)) return;
    const { project, user } = this.account;
    const kept: Kept = { user, project, key, blob: photograph, name: photograph.name, imageId: null, tab: this.tab };
    this.after((store) => store.put(kept)).catch(this.onTrouble);
  }

  name(key: string, imageId: string): void {
    this.after((store) => {
      const asked = store.get(key) as IDBRequest<Kept | undefined>;
      asked.onsuccess = () => {
        if (asked.result) store.put({ ...asked.result, imageId } satisfies Kept);
      };
      return asked;
    }).catch(ignore);
  }

  forget(key: string): void {
    this.after((store) => store.delete(key)).catch(ignore);
  }

  /** The photographs of this account that no living tab sends; this tab sends them from now on. */
  async unsent(): Promise<readonly Unsent[]> {
    // Its own name too: a tab that asked just before this one opened has had no answer from it.
    this.channel.postMessage(this.tab);
    this.channel.postMessage("roll-call");
    const claimed = locks()?.request(CLAIM, () => this.claim());
    // a browser that refuses its locks, for example in a frame of another site, is one without them
    return await (claimed?.catch(() => this.claim()) ?? this.claim());
  }

  close(): void {
    this.letGo();
    this.channel.close();
  }

  private async claim(): Promise<readonly Unsent[]> {
    const held = await locks()?.query().catch(ignore);
    if (held) for (const { name = "" } of held.held ?? []) this.living.add(name.slice(LOCK.length));
    else await new Promise((resolve) => setTimeout(resolve, ROLL_CALL_MS));
    const claimed: Unsent[] = [];
    await this.after((store) => {
      const asked = store.getAll() as IDBRequest<Kept[]>;
      asked.onsuccess = () => {
        for (const kept of asked.result.filter((each) => this.isMine(each))) {
          store.put({ ...kept, tab: this.tab } satisfies Kept);
          claimed.push({ key: kept.key, imageId: kept.imageId, photograph: new File([kept.blob], kept.name) });
        }
      };
      return asked;
    }).catch(ignore);
    return claimed;
  }

  private isMine({ project, tab, user }: Kept): boolean {
    return user === this.account.user && project === this.account.project && !this.living.has(tab);
  }

  /** Use the store once the steps before are done. */
  private after(step: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    const done = this.work.then(() => stored(step));
    this.work = done.catch(ignore);
    return done;
  }
}

/**
 * The number of photographs that all tabs of this account still have to send; 0 where the browser keeps none, and null
 * where its database does not answer.
 */
export async function keptCount(user: string): Promise<number | null> {
  return await Promise.race([keysOf(user).then(({ length }) => length), nothingAfter(PATIENCE_MS)]);
}

async function nothingAfter(timeoutMs: number): Promise<null> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  return null;
}

/** Delete the photographs that this account has not sent. */
export async function forgetKept(user: string): Promise<void> {
  for (const key of await keysOf(user)) await stored((store) => store.delete(key)).catch(ignore);
}

async function keysOf(user: string): Promise<readonly string[]> {
  const keys: string[] = [];
  await stored((store) => {
    const asked = store.getAll() as IDBRequest<Kept[]>;
    asked.onsuccess = () => {
      keys.push(...asked.result.filter((kept) => kept.user === user).map(({ key }) => key));
    };
    return asked;
  }).catch(ignore);
  return keys;
}

/** Use the store once. */
async function stored(step: (store: IDBObjectStore) => IDBRequest): Promise<void> {
  const database = await opened();
  try {
    await committed(database, step);
  } finally {
    database.close();
  }
}

/** The browser's locks among the tabs of one origin; null over plain http. */
function locks(): LockManager | null {
  return "locks" in navigator ? navigator.locks : null;
}

/** What was not kept is sent from memory all the same. */
function ignore(): void {
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

function committed(database: IDBDatabase, step: (store: IDBObjectStore) => IDBRequest): Promise<void> {
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
