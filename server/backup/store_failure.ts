import { UserError } from "../../shared/terminal/user_error.ts";
import { StoreError } from "../store/store_error.ts";

/** Lets what a database refuses reach the command line as the one line that it is. */
export async function withStoreFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) throw new UserError(error.message, { cause: error });
    throw error;
  }
}
