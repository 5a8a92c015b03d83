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
    return new Statements(new Tokens(text)).module();
  } catch (error) {
    if (error === undecided) return undefined;
    throw error;
  }
};

const declarations = new Set(
  "import export const let var function class if for while do switch return throw break continue".split(" "),
);

class Statements {
  readonly #tokens: Tokens;
  readonly #imports: ImportStatement[] = [];
  readonly #exports: Binding[] = [];
  readonly #edits: Edit[] = [];

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  module(): Lexed {
    for (let token = this.#tokens.next(); token !== ""; token = this.#tokens.next()) {
      if (token !== "word" || this.#tokens.isInBrackets) continue;
      if (this.#tokens.word === "import") this.#import(this.#tokens.start);
      else if (this.#tokens.word === "export") this.#export(this.#tokens.start);
    }
    if (this.#tokens.isInBrackets) throw undecided;
    return { imports: this.#imports, exports: this.#exports, edits: this.#edits, comments: this.#tokens.comments };
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
        bindings.push({ name: "default", local: this.#tokens.word });
        token = this.#tokens.next();
        if (token === ",") token = this.#tokens.next();
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

  #statementWithSpecifier(start: number, bindings: readonly Binding[], exported: boolean): void {
    if (this.#tokens.string === "\\") throw undecided;
    const specifier = this.#tokens.string;
    const at = [this.#tokens.start, this.#tokens.end] as const;
    this.#edits.push({ start, end: this.#tokens.end, kind: "blank" });
    this.#imports.push({ specifier, at, bindings, exported });
    // Import attributes change what an import means: the tree refuses them.
    const after = this.#tokens.next();
    if (after === "word" && this.#tokens.word === "with") throw undecided;
    this.#tokens.again(after);
  }

  /** After the opening brace. */
  #bindings(): Binding[] {
    const bindings: Binding[] = [];
    for (;;) {
      const token = this.#tokens.next();
      if (token === "}") return bindings;
      const name = this.#exportedName(token);
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
    if (token !== "string" || this.#tokens.string === "\\") throw undecided;
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
      this.#tokens.again(after);
      this.#edits.push({ start, end, kind: "blank" });
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
        return;
      case "function":
      case "class": {
        this.#edits.push({ start, end: start + "export".length, kind: "blank" });
        let token = this.#tokens.next();
        if (token === "*") token = this.#tokens.next();
        if (token !== "word") throw undecided;
        this.#exports.push({ name: this.#tokens.word, local: this.#tokens.word });
        return;
      }
      case "const":
      case "let":
      case "var":
        this.#edits.push({ start, end: start + "export".length, kind: "blank" });
        this.#expect("word");
        this.#exports.push({ name: this.#tokens.word, local: this.#tokens.word });
        this.#expect("=");
        return this.#oneDeclarator();
      default:
        throw undecided;
    }
  }

  /** Leaves out where a statement without semicolon ends: a comma before the next sure beginning is for the parser. */
  #oneDeclarator(): void {
    for (;;) {
      const token = this.#tokens.next();
      if (this.#tokens.isInBrackets) continue;
      if (token === ",") throw undecided;
      if (token === ";" || token === "") return;
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
