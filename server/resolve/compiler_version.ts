/**
 * Rises whenever the same stacks and traits may compile to something else: templates, precedence, automatic edges, order,
 * parameter schemas. It is part of every policy version, so that agents ask again after such a change.
 */
export const COMPILER_VERSION = 2;
