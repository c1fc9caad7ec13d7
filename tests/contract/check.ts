// Assertions that throw, because the contracts also run inside a page, where there is no test runner.
import type { ShardErrorCode } from "../../src/core/errors.js";
import type { Reply } from "../../src/protocol/error-record.js";

/** @throws Error that says what was found */
export function check(isRight: boolean, found: string): asserts isRight {
  if (!isRight) throw new Error(`found ${found}`);
}

/** Compares two values by their JSON, typed arrays as lists. NaN counts as null, as in JSON. */
export function checkEqual(received: unknown, expected: unknown, what = "value"): void {
  const [a, b] = [asJson(received), asJson(expected)];
  check(a === b, `${what} ${a}, expected ${b}`);
}

function asJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) => (ArrayBuffer.isView(each) ? [...(each as Uint8Array)] : each)) ??
    "undefined"
  );
}

export function valueOf<T>(reply: Reply<T>): T {
  check(reply.ok, reply.ok ? "" : `an error "${reply.error.code}": ${reply.error.message}`);
  return reply.value;
}

/** Checks that the reply is an error with one of these codes and a message. */
export function checkRefused(reply: Reply<unknown>, ...codes: readonly ShardErrorCode[]): void {
  check(!reply.ok, "a value, expected an error");
  const { code, message } = reply.error;
  check(codes.includes(code) && message !== "", `an error "${code}" (${message}), expected ${codes.join(" or ")}`);
}

export function checkDuration(ms: number, what: string): void {
  check(ms >= 0 && ms < Infinity, `${what} of ${ms} ms`);
}
