/** Thrown where a guess would be needed: a parser has to decide. */
export const undecided = Symbol("only a parser decides this");

/** What stood before: after a value a slash divides, after an operator it begins a regular expression, else nobody knows. */
type Previous = "operator" | "value" | "unclear";

/** Words after which a slash begins a regular expression. */
const operators = new Set(
  "return typeof instanceof in new delete void throw case do else yield await default extends".split(" "),
);

/** Statements that no module of ours may hold, or whose meaning the tree has to tell. */
const forTheTree = new Set(["try", "async", "await", "debugger"]);

/** After these words, a text that parses as JavaScript may yet mean something else in TypeScript. */
const forTypes = new Set(["class", "declare", "global"]);

/**
 * The tokens of a module, as far as they can be told without parsing; throws `undecided` where not. Of TypeScript,
 * where the module may hold it, only `as const` is known, as one token of its own; with any other text that both
 * languages read, and read differently, nothing is decided.
 */
export class Tokens {
  readonly #text: string;
  readonly #mayHoldTypes: boolean;
  /** The last token: its offsets, and what it says if it is a word or a string without escapes (else a backslash). */
  start = 0;
  end = 0;
  /** Where the token before ended. */
  before = 0;
  word = "";
  string = "";
  readonly comments: [number, number][] = [];
  #previous: Previous = "operator";
  /** Brackets that are open: `(`, `[`, `{`, `$` for a template's hole, `c` for a condition's parenthesis. */
  readonly #open: string[] = [];
  #condition = false;
  #again: string | undefined;

  constructor(text: string, mayHoldTypes: boolean) {
    this.#text = text;
    this.#mayHoldTypes = mayHoldTypes;
    if (text.startsWith("#!")) throw undecided;
  }

  get isInBrackets(): boolean {
    return this.#open.length > 0;
  }

  /** Makes the last token, of this kind, the next one again. */
  again(token: string): void {
    this.#again = token;
  }

  /** The next token's kind: "", "word", "string", "template", "regex", "number", "const", or the punctuator itself. */
  next(): string {
    if (this.#again !== undefined) {
      const token = this.#again;
      this.#again = undefined;
      return token;
    }
    this.before = this.end;
    this.#space();
    const text = this.#text;
    this.start = this.end;
    if (this.end >= text.length) return "";
    const code = text.charCodeAt(this.end);
    if (isDigit(code) || (code === 0x2e && isDigit(text.charCodeAt(this.end + 1)))) return this.#number();
    if (isWordCode(code)) return this.#name();
    if (code === 0x22 || code === 0x27) return this.#quoted(code);
    if (code === 0x60) return this.#template();
    if (code === 0x2f) return this.#slash();
    this.end += 1;
    const mark = text[this.start]!;
    switch (mark) {
      case "(":
        this.#open.push(this.#condition ? "c" : "(");
        break;
      case "[":
      case "{":
        this.#open.push(mark);
        break;
      case ")": {
        const open = this.#open.pop();
        if (open !== "(" && open !== "c") throw undecided;
        this.#condition = false;
        this.#previous = open === "c" ? "operator" : "value";
        // `(a): b => c` may be a function with its result's type.
        if (this.#mayHoldTypes && /^\s*(?::|\/[/*])/.test(text.slice(this.end, this.end + 40))) throw undecided;
        return mark;
      }
      case "]":
        if (this.#open.pop() !== "[") throw undecided;
        this.#condition = false;
        this.#previous = "value";
        return mark;
      case "}": {
        const open = this.#open.pop();
        if (open === "$") return this.#template();
        if (open !== "{") throw undecided;
        this.#condition = false;
        this.#previous = "unclear";
        return mark;
      }
      case "+":
      case "-":
        // `a++ / b` or `++/re/.lastIndex`: rare enough to ask a parser.
        if (text[this.end] === mark) {
          this.end += 1;
          this.#previous = "unclear";
          return mark + mark;
        }
        break;
      case ".":
        if (text.startsWith("...", this.start)) {
          this.end += 2;
          break;
        }
        // A property's name is no keyword.
        this.#previous = "operator";
        this.#condition = false;
        this.#space();
        if (isWordCode(text.charCodeAt(this.end))) {
          this.#name(true);
          return "property";
        }
        return mark;
      case "#":
        if (!isWordCode(text.charCodeAt(this.end))) throw undecided;
        this.#name(true);
        return "property";
      case "@":
      case "\\":
        throw undecided;
      case "<":
        // `a<b>(c)` calls, or compares twice.
        if (this.#mayHoldTypes && text[this.end] !== "=") throw undecided;
        break;
    }
    this.#condition = false;
    this.#previous = "operator";
    return mark;
  }

  /** After a colon: passes over the type of a variable that is given a value. */
  passType(): boolean {
    typeBeforeValue.lastIndex = this.end;
    const isType = typeBeforeValue.test(this.#text);
    if (isType) this.end = typeBeforeValue.lastIndex;
    return isType;
  }

  #name(property = false): string {
    const text = this.#text;
    const start = this.end;
    while (isWordCode(text.charCodeAt(this.end))) this.end += 1;
    // An escape, or a letter beyond ASCII, or a space beyond ASCII that only looks like one: for a parser.
    const after = text.charCodeAt(this.end);
    if (after === 0x5c || after > 0x7f) throw undecided;
    this.start = start;
    this.#condition = false;
    this.word = text.slice(start, this.end);
    if (property) {
      this.#previous = "value";
      return "word";
    }
    const word = this.word;
    if (forTheTree.has(word)) throw undecided;
    if (this.#mayHoldTypes) {
      if (word === "as" && this.#isConstAssertion(start)) {
        this.end = this.#text.indexOf("const", this.end) + "const".length;
        this.#previous = "value";
        return "const";
      }
      if (forTypes.has(word)) throw undecided;
    }
    if (operators.has(word)) this.#previous = "operator";
    else {
      this.#previous = word === "of" ? "unclear" : "value";
      this.#condition = word === "if" || word === "for" || word === "while" || word === "with" || word === "switch";
    }
    // Inside of brackets it is a property's name, or what policies may not use.
    if (word === "import" && this.#open.length > 0 && !/^\s*[:,}]/.test(text.slice(this.end, this.end + 20)))
      throw undecided;
    return "word";
  }

  /**
   * `as const` after a value and before the end of what holds it. Before anything else, a line that followed could run
   * into the value when the words between are gone.
   */
  #isConstAssertion(start: number): boolean {
    const text = this.#text;
    const follows = this.#previous === "value" || text[this.before - 1] === "}";
    return (
      follows && /^[ \t]+$/.test(text.slice(this.before, start)) && constAssertion.test(text.slice(start, start + 40))
    );
  }

  #number(): string {
    numeral.lastIndex = this.end;
    const [written = ""] = numeral.exec(this.#text) ?? [];
    this.end += written.length;
    if (written === "" || isWordCode(this.#text.charCodeAt(this.end))) throw undecided;
    this.#condition = false;
    this.#previous = "value";
    return "number";
  }

  #quoted(quote: number): string {
    const text = this.#text;
    let at = this.end + 1;
    let plain = true;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (code === 0x5c) {
        plain = false;
        at += 1;
      } else if (Number.isNaN(code) || code === 0x0a) throw undecided;
    }
    this.string = plain ? text.slice(this.end + 1, at) : "\\";
    this.end = at + 1;
    this.#condition = false;
    this.#previous = "value";
    return "string";
  }

  /** From the opening backtick, or from the brace that closes a hole. */
  #template(): string {
    const text = this.#text;
    let at = text[this.start] === "`" ? this.start + 1 : this.end;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x60) {
        this.end = at + 1;
        this.#previous = "value";
        return "template";
      }
      if (code === 0x5c) at += 1;
      else if (code === 0x24 && text.charCodeAt(at + 1) === 0x7b) {
        this.#open.push("$");
        this.end = at + 2;
        this.#previous = "operator";
        return "template";
      } else if (Number.isNaN(code)) throw undecided;
    }
  }

  #slash(): string {
    if (this.#previous === "unclear") throw undecided;
    if (this.#previous === "value") {
      this.end += 1;
      this.#previous = "operator";
      return "/";
    }
    const text = this.#text;
    let inClass = false;
    for (this.end += 1; ; this.end += 1) {
      const mark = text[this.end];
      if (mark === undefined || mark === "\n") throw undecided;
      if (mark === "\\") this.end += 1;
      else if (mark === "[") inClass = true;
      else if (mark === "]") inClass = false;
      else if (mark === "/" && !inClass) break;
    }
    for (this.end += 1; isWordCode(text.charCodeAt(this.end));) this.end += 1;
    this.#previous = "value";
    return "regex";
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.end);
      if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.end += 1;
      else if (code > 0x7f) throw undecided;
      else if (code === 0x2f && text.charCodeAt(this.end + 1) === 0x2f) {
        const start = this.end;
        const end = /[\n\r\u2028\u2029]/g;
        end.lastIndex = start;
        this.end = end.exec(text)?.index ?? text.length;
        this.comments.push([start, this.end]);
      } else if (code === 0x2f && text.charCodeAt(this.end + 1) === 0x2a) {
        const start = this.end;
        const end = text.indexOf("*/", start + 2);
        if (end === -1) throw undecided;
        this.end = end + 2;
        this.comments.push([start, this.end]);
      } else return;
    }
  }
}

/**
 * `Name`, `Name<"a" | Other, "b">`, or `{ readonly "name": Name; }`, as in the graph's handles. What else a type can be
 * is for a parser.
 */
const typeBeforeValue = (() => {
  const name = String.raw`[A-Z]\w*`;
  const text = String.raw`"[^"\\\n\r]*"`;
  const parameter = `(?:${name}|${text})`;
  const named = String.raw`${name}(?:<\s*${parameter}(?:\s*[|,]\s*${parameter})*\s*>)?`;
  const comment = String.raw`\/\*(?:[^*]|\*(?!\/))*\*\/`;
  const property = String.raw`readonly ${text}: ${name};`;
  return new RegExp(String.raw`\s*(?:${named}|\{(?:\s|${comment}|${property})*\})(?=\s*=[^=>])`, "y");
})();

const constAssertion = /^as[ \t]+const[ \t]*[,;)\]}]/;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** ASCII alone: what lies beyond may be a letter or a space. */
const isWordCode = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || isDigit(code) || code === 0x5f || code === 0x24;

const numeral =
  /0[xX][\da-fA-F_]+n?|0[oO][0-7_]+n?|0[bB][01_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?n?/y;
