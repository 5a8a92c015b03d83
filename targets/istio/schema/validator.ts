/** What a generated validator says about one failure; the fields are ajv's, without its English messages. */
export interface ValidatorError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
}

/** A generated validator: true, or false with `errors` set until its next call. */
export interface Validator {
  (object: unknown): boolean;
  errors?: readonly ValidatorError[] | null;
}
