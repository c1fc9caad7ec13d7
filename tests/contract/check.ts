// Assertions that throw: the contracts run where there is no test runner, inside a page.
import type { ShardErrorCode } from "../../src/core/errors.js";
import type { Reply } from "../../src/protocol/error-record.js";

/** @throws Error that says what was found */
export function check(isRight: boolean, found: string): asserts isRight {
  if (!isRight) throw new Error(`found ${found}`);
}

/** By their JSON. Typed arrays are compared as lists, NaN is nothing's equal. */
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

/** The reply is an error with one of these codes, and says something. */
export function checkRefused(reply: Reply<unknown>, ...codes: readonly ShardErrorCode[]): void {
  check(!reply.ok, "a value, expected an error");
  const { code, message } = reply.error;
  check(codes.includes(code) && message !== "", `an error "${code}" (${message}), expected ${codes.join(" or ")}`);
}

export function checkDuration(ms: number, what: string): void {
  check(ms >= 0 && ms < Infinity, `${what} of ${ms} ms`);
}
