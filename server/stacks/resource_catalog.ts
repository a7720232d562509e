import type { z } from "zod";
import {
  NATURAL_KEY,
  PARAMETER_NAMES,
  RESOURCE_SCHEMAS,
} from "../../shared/config/resource_schemas.ts";

/** The types of resource that a tree may use, keyed by type. */
export interface ResourceCatalog {
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  /** The parameter that a resource's name stands for when it is not written. */
  readonly naturalKeys: Readonly<Record<string, string>>;
  readonly parameterNames: Readonly<Record<string, readonly string[]>>;
}

/** The types that the agents of this version know. */
export const RESOURCE_CATALOG: ResourceCatalog = {
  schemas: RESOURCE_SCHEMAS,
  naturalKeys: NATURAL_KEY,
  parameterNames: PARAMETER_NAMES,
};
