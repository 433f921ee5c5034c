/** Which sentences does a source file hold itself, instead of in the table? Found by TypeScript's own parser. */
import ts from "typescript";

const WORD = /\p{L}{2,}/u;
const SENTENCE = /^\p{Lu}\p{Ll}*(?:['’]\p{L}+)? \p{L}{2}|^\p{Lu}\p{Ll}{2,}$|\p{L}{2,} \p{L}{2,} \p{L}{2,}/u;
const SPOKEN = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-roledescription",
  "label",
  "placeholder",
  "title",
]);
/** Names of keys, as `event.key` gives them. */
const KEYS = new Set(["Escape", "Enter", "Home", "End", "Tab"]);
const HOLE = "\u0000";

/** The literal words that a reader of the page would see or hear. */
export function sentencesIn(path: string, source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || isForDevelopers(node)) return;
    if (ts.isTaggedTemplateExpression(node)) {
      const tag = node.tag.getText();
      if (tag === "html" || tag === "svg") found.push(...wordsOf(textOf(node.template)));
      if (tag !== "css" && !ts.isNoSubstitutionTemplateLiteral(node.template))
        node.template.templateSpans.forEach(visit);
      return;
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
      const text = textOf(node).replaceAll(HOLE, " ").replaceAll(/\s+/gu, " ").trim();
      if (SENTENCE.test(text) && !KEYS.has(text) && !text.startsWith("Arrow")) found.push(text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true));
  return found;
}

/** What only the console shows: the message of a plain Error. */
function isForDevelopers(node: ts.Node): boolean {
  return ts.isNewExpression(node) && node.expression.getText() === "Error";
}

function textOf(node: ts.StringLiteral | ts.TemplateLiteral): string {
  if (!ts.isTemplateExpression(node)) return node.text;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(HOLE);
}

/** The words between the tags of a template, and in its attributes that are read aloud or shown. */
function wordsOf(markup: string): string[] {
  const spoken = [...markup.matchAll(/\s([\w-]+)=(?:"([^"]*)"|([^\s"'>]+))/gu)]
    .filter(([, name]) => SPOKEN.has(name ?? ""))
    .map(([, , quoted, bare]) => quoted ?? bare ?? "");
  const between = markup.replaceAll(/<(?:"[^"]*"|'[^']*'|[^'">])*>/gu, HOLE).split(HOLE);
  return [...spoken, ...between].map((text) => text.trim()).filter((text) => WORD.test(text));
}
