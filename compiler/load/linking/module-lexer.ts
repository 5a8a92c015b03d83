import { Tokens, undecided } from "./tokens.ts";

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
  /** `statement`: blanked out, and what stood before it ends there. */
  readonly kind: "space" | "statement" | "default";
}

export interface Lexed {
  readonly imports: readonly ImportStatement[];
  readonly exports: readonly Binding[];
  readonly edits: readonly Edit[];
  readonly comments: readonly (readonly [start: number, end: number])[];
}

/**
 * The import and export statements of a module, or `undefined` for what only a parser decides. A module that may hold
 * types is read if it has none but `as const`; and as nobody has parsed it yet, its statements are held to their grammar.
 * It exists because a parser for each of thousands of modules costs more than their evaluation; it answers only where
 * no guess is needed, and everything else goes through the syntax tree.
 */
export const lexed = (text: string, { mayHoldTypes }: { readonly mayHoldTypes: boolean }): Lexed | undefined => {
  try {
    return new Statements(text, mayHoldTypes).module();
  } catch (error) {
    if (error === undecided) return undefined;
    throw error;
  }
};

const declarations = new Set(
  "import export const let var function class if for while do switch return throw break continue".split(" "),
);

class Statements {
  readonly #text: string;
  readonly #isParsed: boolean;
  readonly #tokens: Tokens;
  readonly #imports: ImportStatement[] = [];
  readonly #exports: Binding[] = [];
  readonly #edits: Edit[] = [];

  constructor(text: string, mayHoldTypes: boolean) {
    this.#text = text;
    this.#isParsed = !mayHoldTypes;
    this.#tokens = new Tokens(text, mayHoldTypes);
  }

  module(): Lexed {
    for (let token = this.#any(); token !== ""; token = this.#any()) {
      if (token !== "word" || this.#tokens.isInBrackets) continue;
      const { word, start } = this.#tokens;
      if (word !== "import" && word !== "export") continue;
      this.#expectStatement();
      if (word === "import") this.#import(start);
      else this.#export(start);
    }
    if (this.#tokens.isInBrackets) throw undecided;
    return { imports: this.#imports, exports: this.#exports, edits: this.#edits, comments: this.#tokens.comments };
  }

  /** The next token outside of an import or export statement. */
  #any(): string {
    const token = this.#tokens.next();
    if (token === "const") this.#edits.push({ start: this.#tokens.start, end: this.#tokens.end, kind: "space" });
    else if (token === "word" && this.#tokens.word === "as" && !this.#isParsed) throw undecided;
    return token;
  }

  /** Whether a line ends between the last token and the one before. */
  get #isOnNewLine(): boolean {
    return /[\n\r\u2028\u2029]/.test(this.#text.slice(this.#tokens.before, this.#tokens.start));
  }

  /** A statement may surely begin with the last token. */
  #expectStatement(): void {
    if (this.#isParsed) return;
    const before = this.#text[this.#tokens.before - 1];
    if (before !== undefined && before !== ";" && !(before === "}" && this.#isOnNewLine)) throw undecided;
  }

  /** A statement may surely end before the last token. */
  #expectEnd(token: string): void {
    if (!this.#isParsed && token !== "" && token !== ";" && !this.#isOnNewLine) throw undecided;
  }

  #expect(token: string): void {
    if (this.#tokens.next() !== token) throw undecided;
  }

  #expectWord(word: string): void {
    if (this.#tokens.next() !== "word" || this.#tokens.word !== word) throw undecided;
  }

  /** `import a, { b as c } from "d";` or `import * as a from "d";` or `import "d";` */
  #import(start: number): void {
    const bindings: Binding[] = [];
    let token = this.#tokens.next();
    if (token !== "string") {
      if (token === "word") {
        if (this.#tokens.word === "type" && !this.#isParsed) return this.#typeImport(start);
        bindings.push({ name: "default", local: this.#tokens.word });
        token = this.#tokens.next();
        if (token === ",") token = this.#tokens.next();
        else if (token !== "word") throw undecided;
      }
      if (token === "*") {
        this.#expectWord("as");
        this.#expect("word");
        bindings.push({ name: "*", local: this.#tokens.word });
        token = this.#tokens.next();
      } else if (token === "{") {
        bindings.push(...this.#bindings());
        token = this.#tokens.next();
      }
      if (token !== "word" || this.#tokens.word !== "from") throw undecided;
      this.#expect("string");
    }
    this.#statementWithSpecifier(start, bindings, false);
  }

  /** `import type { a } from "b";` is gone at run time. */
  #typeImport(start: number): void {
    this.#expect("{");
    this.#bindings();
    this.#expectWord("from");
    this.#expect("string");
    this.#blankedAfterSpecifier(start);
  }

  #statementWithSpecifier(start: number, bindings: readonly Binding[], exported: boolean): void {
    if (this.#tokens.string === "\\") throw undecided;
    const specifier = this.#tokens.string;
    const at = [this.#tokens.start, this.#tokens.end] as const;
    this.#imports.push({ specifier, at, bindings, exported });
    this.#blankedAfterSpecifier(start);
  }

  /** Blanks out a statement that ends with the last token, its specifier. */
  #blankedAfterSpecifier(start: number): void {
    this.#edits.push({ start, end: this.#tokens.end, kind: "statement" });
    // Import attributes change what an import means: the tree refuses them.
    const after = this.#tokens.next();
    if (after === "word" && this.#tokens.word === "with") throw undecided;
    this.#expectEnd(after);
    this.#tokens.again(after);
  }

  /** After the opening brace. */
  #bindings(): Binding[] {
    const bindings: Binding[] = [];
    for (;;) {
      const token = this.#tokens.next();
      if (token === "}") return bindings;
      const name = this.#exportedName(token);
      if (name === "type") throw undecided;
      let after = this.#tokens.next();
      let local = name;
      if (after === "word" && this.#tokens.word === "as") {
        local = this.#exportedName(this.#tokens.next());
        after = this.#tokens.next();
      }
      bindings.push({ name, local });
      if (after === "}") return bindings;
      if (after !== ",") throw undecided;
    }
  }

  /** A word, or any text in quotes. */
  #exportedName(token: string): string {
    if (token === "word") return this.#tokens.word;
    if (!this.#isParsed || token !== "string" || this.#tokens.string === "\\") throw undecided;
    return this.#tokens.string;
  }

  #export(start: number): void {
    const token = this.#tokens.next();
    if (token === "{") {
      const bindings = this.#bindings();
      const end = this.#tokens.end;
      const after = this.#tokens.next();
      if (after === "word" && this.#tokens.word === "from") {
        this.#expect("string");
        return this.#statementWithSpecifier(start, bindings, true);
      }
      this.#expectEnd(after);
      this.#tokens.again(after);
      this.#edits.push({ start, end, kind: "statement" });
      this.#exports.push(...bindings.map(({ name, local }) => ({ name: local, local: name })));
    } else if (token === "*") {
      let local = "*";
      this.#expect("word");
      if (this.#tokens.word === "as") {
        this.#expect("word");
        local = this.#tokens.word;
        this.#expect("word");
      }
      if (this.#tokens.word !== "from") throw undecided;
      this.#expect("string");
      this.#statementWithSpecifier(start, [{ name: "*", local }], true);
    } else if (token === "word") this.#exportDeclaration(start);
    else throw undecided;
  }

  #exportDeclaration(start: number): void {
    switch (this.#tokens.word) {
      case "default":
        if (this.#exports.some(({ name }) => name === "default")) throw undecided;
        this.#edits.push({ start, end: this.#tokens.end, kind: "default" });
        this.#exports.push({ name: "default", local: "" });
        return this.#isParsed ? undefined : this.#oneDeclarator();
      case "function":
      case "class": {
        this.#edits.push({ start, end: start + "export".length, kind: "statement" });
        let token = this.#tokens.next();
        if (token === "*") token = this.#tokens.next();
        if (token !== "word") throw undecided;
        this.#exports.push({ name: this.#tokens.word, local: this.#tokens.word });
        return;
      }
      case "const":
      case "let":
      case "var":
        this.#edits.push({ start, end: start + "export".length, kind: "statement" });
        this.#expect("word");
        this.#exports.push({ name: this.#tokens.word, local: this.#tokens.word });
        this.#annotation(this.#tokens.next());
        return this.#oneDeclarator();
      default:
        throw undecided;
    }
  }

  /** What stands between a variable's name and its value. */
  #annotation(token: string): void {
    if (token === "=") return;
    const { start } = this.#tokens;
    if (this.#isParsed || token !== ":" || !this.#tokens.passType()) throw undecided;
    this.#edits.push({ start, end: this.#tokens.end, kind: "space" });
    this.#expect("=");
  }

  /** Leaves out where a statement without semicolon ends: a comma before the next sure beginning is for the parser. */
  #oneDeclarator(): void {
    for (;;) {
      const token = this.#any();
      if (token === "") return;
      if (this.#tokens.isInBrackets) continue;
      if (token === ",") throw undecided;
      if (token === ";") return;
      if (
        token === "word" &&
        declarations.has(this.#tokens.word) &&
        this.#tokens.word !== "function" &&
        this.#tokens.word !== "class"
      ) {
        this.#tokens.again(token);
        return;
      }
    }
  }
}
