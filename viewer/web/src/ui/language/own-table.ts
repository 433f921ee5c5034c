/** How does a part of the page that is loaded on demand get its sentences? From a table of its own for each language. */
import type { Language } from "./language";
import { speech } from "./language";

export class OwnTable<Words extends Readonly<Record<string, string>>> {
  words: Words;

  /** The English words come with the part. */
  constructor(
    private readonly english: Words,
    private readonly loaders: Readonly<Record<Exclude<Language, "en">, () => Promise<Words>>>,
  ) {
    this.words = english;
  }

  /** Load the page's language. Without its file the words stay as they are: another language is better than none. */
  async load(): Promise<void> {
    const { language } = speech();
    try {
      const words = language === "en" ? this.english : await this.loaders[language]();
      if (speech().language === language) this.words = words; // another one may have been chosen meanwhile
    } catch {
      // Offline, or the server has a newer page.
    }
  }
}
