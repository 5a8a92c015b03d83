/** `name as local`; a namespace import has the name `*`. */
export interface Binding {
  readonly name: string;
  readonly local: string;
}

export interface ImportStatement {
  readonly specifier: string;
  /** Offsets of the specifier, with its quotes. */
  readonly at: readonly [start: number, end: number];
  readonly bindings: readonly Binding[];
  /** `export … from`: the bindings' locals are exported names; a local `*` exports everything. */
  readonly exported: boolean;
}

/** A stretch of text that gives way to other text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly kind: "blank" | "default";
}

export interface Lexed {
  readonly imports: readonly ImportStatement[];
  readonly exports: readonly Binding[];
  readonly edits: readonly Edit[];
  readonly comments: readonly (readonly [start: number, end: number])[];
}

/**
 * The import and export statements of a module without types, or `undefined` for what only a parser decides.
 * It exists because a parser for each of thousands of modules costs more than their evaluation; it answers only where
 * no guess is needed, and everything else goes through the syntax tree.
 */
export const lexed = (text: string): Lexed | undefined => {
  try {
    return new Scan(text).module();
  } catch (error) {
    if (error === undecided) return undefined;
    throw error;
  }
};

const undecided = Symbol("only a parser decides this");

/** What stood before: after a value a slash divides, after an operator it begins a regular expression, else nobody knows. */
type Previous = "operator" | "value" | "unclear";

/** Words after which a slash begins a regular expression. */
const operators = new Set(
  "return typeof instanceof in new delete void throw case do else yield await default extends".split(" "),
);
/** Statements that no module of ours may hold, or whose meaning the tree has to tell. */
const forTheTree = new Set(["try", "async", "await", "debugger"]);
const declarations = new Set(
  "import export const let var function class if for while do switch return throw break continue".split(" "),
);

class Scan {
  readonly #text: string;
  #at = 0;
  #previous: Previous = "operator";
  /** Brackets that are open: `(`, `[`, `{`, `$` for a template's hole, `c` for a condition's parenthesis. */
  readonly #open: string[] = [];
  #condition = false;
  readonly #imports: ImportStatement[] = [];
  readonly #exports: Binding[] = [];
  readonly #edits: Edit[] = [];
  readonly #comments: [number, number][] = [];

  constructor(text: string) {
    this.#text = text;
  }

  module(): Lexed {
    if (this.#text.startsWith("#!")) throw undecided;
    for (let token = this.#next(); token !== ""; token = this.#next()) {
      if (token !== "word" || this.#open.length > 0) continue;
      if (this.#word === "import") this.#import(this.#start);
      else if (this.#word === "export") this.#export(this.#start);
    }
    if (this.#open.length > 0) throw undecided;
    return { imports: this.#imports, exports: this.#exports, edits: this.#edits, comments: this.#comments };
  }

  #start = 0;
  #word = "";
  #string = "";
  #peeked: string | undefined;

  /** The next token's kind: "", "word", "string", "template", "regex", "number", or the punctuator itself. */
  #next(): string {
    if (this.#peeked !== undefined) {
      const token = this.#peeked;
      this.#peeked = undefined;
      return token;
    }
    this.#space();
    const text = this.#text;
    this.#start = this.#at;
    if (this.#at >= text.length) return "";
    const code = text.charCodeAt(this.#at);
    if (isWordCode(code)) return this.#name();
    if (code === 0x22 || code === 0x27) return this.#quoted(code);
    if (code === 0x60) return this.#template();
    if (code === 0x2f) return this.#slash();
    this.#at += 1;
    const mark = text[this.#start]!;
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
        if (text[this.#at] === mark) {
          this.#at += 1;
          this.#previous = "unclear";
          return mark + mark;
        }
        break;
      case ".":
        if (text.startsWith("...", this.#start)) {
          this.#at += 2;
          break;
        }
        // A property's name is no keyword.
        this.#previous = "operator";
        this.#condition = false;
        this.#space();
        if (isWordCode(text.charCodeAt(this.#at))) {
          this.#name(true);
          return "property";
        }
        return mark;
      case "#":
        if (!isWordCode(text.charCodeAt(this.#at))) throw undecided;
        this.#name(true);
        return "property";
      case "@":
      case "\\":
        throw undecided;
    }
    this.#condition = false;
    this.#previous = "operator";
    return mark;
  }

  #name(property = false): string {
    const text = this.#text;
    const start = this.#at;
    while (isWordCode(text.charCodeAt(this.#at))) this.#at += 1;
    if (text.charCodeAt(this.#at) === 0x5c) throw undecided;
    this.#start = start;
    this.#condition = false;
    const first = text.charCodeAt(start);
    if (first >= 0x30 && first <= 0x39) {
      // `1.5`, `1e-3`: the rest scans as an operator and a number, which is all the same here; but not `1./x/`.
      if (text[this.#at] === ".") this.#at += 1;
      this.#previous = "value";
      return "number";
    }
    this.#word = text.slice(start, this.#at);
    if (property) {
      this.#previous = "value";
      return "word";
    }
    const word = this.#word;
    if (forTheTree.has(word)) throw undecided;
    if (operators.has(word)) this.#previous = "operator";
    else {
      this.#previous = word === "of" ? "unclear" : "value";
      this.#condition = word === "if" || word === "for" || word === "while" || word === "with" || word === "switch";
    }
    // Inside of brackets it is a property's name, or what policies may not use.
    if (word === "import" && this.#open.length > 0 && !/^\s*[:,}]/.test(text.slice(this.#at, this.#at + 20))) throw undecided;
    return "word";
  }

  #quoted(quote: number): string {
    const text = this.#text;
    let at = this.#at + 1;
    let plain = true;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (code === 0x5c) {
        plain = false;
        at += 1;
      } else if (Number.isNaN(code) || code === 0x0a) throw undecided;
    }
    this.#string = plain ? text.slice(this.#at + 1, at) : "\\";
    this.#at = at + 1;
    this.#condition = false;
    this.#previous = "value";
    return "string";
  }

  /** From the opening backtick, or from the brace that closes a hole. */
  #template(): string {
    const text = this.#text;
    let at = text[this.#start] === "`" ? this.#start + 1 : this.#at;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x60) {
        this.#at = at + 1;
        this.#previous = "value";
        return "template";
      }
      if (code === 0x5c) at += 1;
      else if (code === 0x24 && text.charCodeAt(at + 1) === 0x7b) {
        this.#open.push("$");
        this.#at = at + 2;
        this.#previous = "operator";
        return "template";
      } else if (Number.isNaN(code)) throw undecided;
    }
  }

  #slash(): string {
    if (this.#previous === "unclear") throw undecided;
    if (this.#previous === "value") {
      this.#at += 1;
      this.#previous = "operator";
      return "/";
    }
    const text = this.#text;
    let inClass = false;
    for (this.#at += 1; ; this.#at += 1) {
      const mark = text[this.#at];
      if (mark === undefined || mark === "\n") throw undecided;
      if (mark === "\\") this.#at += 1;
      else if (mark === "[") inClass = true;
      else if (mark === "]") inClass = false;
      else if (mark === "/" && !inClass) break;
    }
    for (this.#at += 1; isWordCode(text.charCodeAt(this.#at)); ) this.#at += 1;
    this.#previous = "value";
    return "regex";
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xfeff || code === 0xa0) this.#at += 1;
      else if (code === 0x2f && text.charCodeAt(this.#at + 1) === 0x2f) {
        const start = this.#at;
        const end = /[\n\r\u2028\u2029]/g;
        end.lastIndex = start;
        this.#at = end.exec(text)?.index ?? text.length;
        this.#comments.push([start, this.#at]);
      } else if (code === 0x2f && text.charCodeAt(this.#at + 1) === 0x2a) {
        const start = this.#at;
        const end = text.indexOf("*/", start + 2);
        if (end === -1) throw undecided;
        this.#at = end + 2;
        this.#comments.push([start, this.#at]);
      } else return;
    }
  }

  #expect(token: string): void {
    if (this.#next() !== token) throw undecided;
  }

  #expectWord(word: string): void {
    if (this.#next() !== "word" || this.#word !== word) throw undecided;
  }

  /** `import a, { b as c } from "d";` or `import * as a from "d";` or `import "d";` */
  #import(start: number): void {
    const bindings: Binding[] = [];
    let token = this.#next();
    if (token !== "string") {
      if (token === "word") {
        bindings.push({ name: "default", local: this.#word });
        token = this.#next();
        if (token === ",") token = this.#next();
      }
      if (token === "*") {
        this.#expectWord("as");
        this.#expect("word");
        bindings.push({ name: "*", local: this.#word });
        token = this.#next();
      } else if (token === "{") {
        bindings.push(...this.#bindings());
        token = this.#next();
      }
      if (token !== "word" || this.#word !== "from") throw undecided;
      this.#expect("string");
    }
    this.#statementWithSpecifier(start, bindings, false);
  }

  #statementWithSpecifier(start: number, bindings: readonly Binding[], exported: boolean): void {
    if (this.#string === "\\") throw undecided;
    const specifier = this.#string;
    const at = [this.#start, this.#at] as const;
    this.#edits.push({ start, end: this.#at, kind: "blank" });
    this.#imports.push({ specifier, at, bindings, exported });
    // Import attributes change what an import means: the tree refuses them.
    this.#peeked = this.#next();
    if (this.#peeked === "word" && this.#word === "with") throw undecided;
  }

  /** After the opening brace. */
  #bindings(): Binding[] {
    const bindings: Binding[] = [];
    for (;;) {
      const token = this.#next();
      if (token === "}") return bindings;
      const name = this.#exportedName(token);
      let after = this.#next();
      let local = name;
      if (after === "word" && this.#word === "as") {
        local = this.#exportedName(this.#next());
        after = this.#next();
      }
      bindings.push({ name, local });
      if (after === "}") return bindings;
      if (after !== ",") throw undecided;
    }
  }

  /** A word, or any text in quotes. */
  #exportedName(token: string): string {
    if (token === "word") return this.#word;
    if (token !== "string" || this.#string === "\\") throw undecided;
    return this.#string;
  }

  #export(start: number): void {
    const token = this.#next();
    if (token === "{") {
      const bindings = this.#bindings();
      const end = this.#at;
      this.#peeked = this.#next();
      if (this.#peeked === "word" && this.#word === "from") {
        this.#peeked = undefined;
        this.#expect("string");
        return this.#statementWithSpecifier(start, bindings, true);
      }
      this.#edits.push({ start, end, kind: "blank" });
      this.#exports.push(...bindings.map(({ name, local }) => ({ name: local, local: name })));
    } else if (token === "*") {
      let local = "*";
      this.#expect("word");
      if (this.#word === "as") {
        this.#expect("word");
        local = this.#word;
        this.#expect("word");
      }
      if (this.#word !== "from") throw undecided;
      this.#expect("string");
      this.#statementWithSpecifier(start, [{ name: "*", local }], true);
    } else if (token === "word") this.#exportDeclaration(start);
    else throw undecided;
  }

  #exportDeclaration(start: number): void {
    switch (this.#word) {
      case "default":
        this.#edits.push({ start, end: this.#at, kind: "default" });
        this.#exports.push({ name: "default", local: "" });
        return;
      case "function":
      case "class": {
        this.#edits.push({ start, end: start + "export".length, kind: "blank" });
        let token = this.#next();
        if (token === "*") token = this.#next();
        if (token !== "word") throw undecided;
        this.#exports.push({ name: this.#word, local: this.#word });
        return;
      }
      case "const":
      case "let":
      case "var":
        this.#edits.push({ start, end: start + "export".length, kind: "blank" });
        this.#expect("word");
        this.#exports.push({ name: this.#word, local: this.#word });
        this.#expect("=");
        return this.#oneDeclarator();
      default:
        throw undecided;
    }
  }

  /** Leaves out where a statement without semicolon ends: a comma before the next sure beginning is for the parser. */
  #oneDeclarator(): void {
    for (;;) {
      const token = this.#next();
      if (this.#open.length > 0) continue;
      if (token === ",") throw undecided;
      if (token === ";" || token === "") return;
      if (token === "word" && declarations.has(this.#word) && this.#word !== "function" && this.#word !== "class") {
        this.#peeked = token;
        return;
      }
    }
  }
}

const isWordCode = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === 0x24 ||
  (code > 0x7f && code !== 0xa0 && code !== 0xfeff && code !== 0x2028 && code !== 0x2029);
