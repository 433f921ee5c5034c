/** Which photographs are not sent yet? They are kept in IndexedDB until their receipt, so that a closed tab loses none. */
import type { Photograph, PhotographKeeper, Unsent } from "../../scene/uploading/photographs";
import { freshName } from "../../wire/ids";
import type { Account, Kept } from "./rows";
import { ignore, isOnServer, stored, visitKept } from "./rows";
import type { Beside, Waiting } from "./waits";

const CHANNEL = "cairn.tabs";
/** What tabs say to each other beside their names. */
const ROLL_CALL = "roll-call";
const CHANGED = "changed";
/** A living tab holds the lock of this name with its own behind it, even while the browser lets it sleep. */
const LOCK = "cairn.tab-";
/** Claims of unsent photographs, one tab after the other. */
const CLAIM = "cairn.claim";
/** Within this time a living tab says that it is there, where the browser has no locks: over plain http. */
const ROLL_CALL_MS = 1500;

export interface KeptEvents {
  /** The browser does not keep a photograph: the disk is full, or the window is private. */
  readonly onTrouble: () => void;
  /** Another tab has ended. It may have left photographs that are not sent. */
  readonly onFreed: () => void;
  /** Another tab keeps other photographs than before. */
  readonly onChange: () => void;
}

export class KeptPhotographs implements PhotographKeeper {
  /** The keys of photographs that are in memory alone. */
  readonly inMemory = new Set<string>();
  private readonly tab = freshName();
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly living = new Set([this.tab]);
  private readonly closing = new AbortController();
  private work: Promise<unknown> = Promise.resolve();
  private claims: Promise<unknown> = Promise.resolve();
  private count = 0;
  private letGo: () => void = () => undefined;

  constructor(
    private readonly account: Account,
    private readonly events: KeptEvents,
  ) {
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data === ROLL_CALL) this.say(this.tab);
      else if (data === CHANGED) events.onChange();
      else if (typeof data === "string") this.follow(data);
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
    const { project, server, user } = this.account;
    // Without this the browser deletes what it keeps when the disk runs short.
    if (this.count === 0 && "storage" in navigator) navigator.storage.persist().catch(ignore);
    this.count += 1;
    const choice = { chosenAtMs: Date.now(), place: this.count };
    const kept = { user, project, server, key, blob: photograph, name: photograph.name, imageId: null, tab: this.tab };
    this.after((store) => store.put({ ...kept, ...choice } satisfies Kept)).then(
      () => {
        this.say(CHANGED);
      },
      () => {
        this.inMemory.add(key);
        this.events.onTrouble();
      },
    );
  }

  name(key: string, imageId: string): void {
    this.after((store) => {
      const asked = store.get(key) as IDBRequest<Kept | undefined>;
      asked.onsuccess = () => {
        if (asked.result) store.put({ ...asked.result, imageId } satisfies Kept);
      };
    }).catch(ignore);
  }

  forget(key: string): void {
    this.after((store) => store.delete(key)).then(() => {
      this.say(CHANGED);
    }, ignore);
  }

  /** The photographs of this account that no living tab sends; this tab sends them from now on. */
  unsent(): Promise<readonly Unsent[]> {
    const claimed = this.claims.then(async () => {
      // Its own name too: a tab that asked just before this one opened has had no answer from it.
      this.say(this.tab);
      const asked = locks()?.request(CLAIM, () => this.claim());
      // a browser that refuses its locks, for example in a frame of another site, is one without them
      return await (asked?.catch(() => this.claim()) ?? this.claim());
    });
    this.claims = claimed.catch(ignore);
    return claimed;
  }

  /** Count what waits in this browser and is not sent by this tab. */
  async beside(): Promise<Beside> {
    let elsewhereCount = 0;
    const others = new Map<string, Waiting>();
    await this.visit((kept) => {
      const { project, tab, user } = kept;
      if (this.isMine(kept)) elsewhereCount += tab !== this.tab && this.living.has(tab) ? 1 : 0;
      else if (isOnServer(kept, this.account.server)) {
        const place = `${user}/${project}`;
        const other = user === this.account.user ? null : user;
        others.set(place, { user: other, project, count: (others.get(place)?.count ?? 0) + 1 });
      }
    });
    return { elsewhereCount, others: [...others.values()] };
  }

  close(): void {
    this.closing.abort();
    this.letGo();
    this.channel.close();
  }

  private async claim(): Promise<readonly Unsent[]> {
    await this.callTabs();
    const claimed: Unsent[] = [];
    await this.visit((kept, store) => {
      if (!this.isMine(kept) || this.living.has(kept.tab)) return;
      const { server } = this.account;
      store.put({ ...kept, server, tab: this.tab } satisfies Kept);
      claimed.push({ key: kept.key, imageId: kept.imageId, photograph: new File([kept.blob], kept.name) });
    });
    if (claimed.length > 0) this.say(CHANGED);
    return claimed;
  }

  /** Find out which tabs live. */
  private async callTabs(): Promise<void> {
    const held = await locks()?.query().catch(ignore);
    if (held) {
      for (const { name = "" } of held.held ?? []) if (name.startsWith(LOCK)) this.follow(name.slice(LOCK.length));
      return;
    }
    this.living.clear();
    this.living.add(this.tab);
    this.say(ROLL_CALL);
    await new Promise((resolve) => setTimeout(resolve, ROLL_CALL_MS));
  }

  /** Note that a tab lives, and wait for its end: its lock is free then. */
  private follow(tab: string): void {
    if (this.living.has(tab)) return;
    this.living.add(tab);
    locks()
      ?.request(LOCK + tab, { signal: this.closing.signal }, () => undefined)
      .then(() => {
        this.living.delete(tab);
        this.events.onFreed();
      })
      .catch(ignore);
  }

  private isMine(kept: Kept): boolean {
    const { project, server, user } = this.account;
    return kept.user === user && kept.project === project && isOnServer(kept, server);
  }

  private say(word: string): void {
    if (!this.closing.signal.aborted) this.channel.postMessage(word);
  }

  /** Visit all rows once the steps before are done; none where the browser keeps none. */
  private visit(visit: Parameters<typeof visitKept>[0]): Promise<void> {
    return this.next(() => visitKept(visit)).catch(ignore);
  }

  /** Use the store once the steps before are done. */
  private after(step: (store: IDBObjectStore) => void): Promise<void> {
    return this.next(() => stored(step));
  }

  private next(work: () => Promise<void>): Promise<void> {
    const done = this.work.then(work);
    this.work = done.catch(ignore);
    return done;
  }
}

/** The browser's locks among the tabs of one origin; null over plain http. */
function locks(): LockManager | null {
  return "locks" in navigator ? navigator.locks : null;
}
