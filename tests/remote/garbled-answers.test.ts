// Bodies are altered wherever a connection's pieces end, and nothing else is.
import { expect, it } from "vitest";
import { AnswerAlterer, type Garbling } from "./garbled-answers.js";

const numbers = Buffer.from(new Float32Array([1, -2.5, 3]).buffer);
const json = '{"shape":[1,3]}';
const answers = [
  ["HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n", "", ""],
  [`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n`, '{"data":[0.25,10,-7.5]', ""],
  ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n", "wiki", "\r\n"],
  ["5\r\n", "pedia", "\r\n0\r\n\r\n"],
  [
    `HTTP/1.1 200 OK\r\nInference-Header-Content-Length: ${json.length}\r\nContent-Length: ${json.length + 12}\r\n\r\n`,
    `${json}${numbers.toString("latin1")}`,
    "",
  ],
] as const;
const stream = Buffer.from(answers.flat().join(""), "latin1");

function pass(pieceBytes: number, garbling: Garbling | undefined): string {
  const alterer = new AnswerAlterer();
  const pieces: Buffer[] = [];
  for (let start = 0; start < stream.length; start += pieceBytes) {
    pieces.push(alterer.pass(stream.subarray(start, start + pieceBytes), garbling));
  }
  return Buffer.concat(pieces).toString("latin1");
}

const xor = (text: string): string =>
  Buffer.from(Buffer.from(text, "latin1").map((byte) => byte ^ 0x5a)).toString("latin1");
const negative = Buffer.from(new Float32Array([-1, 2.5, -3]).buffer).toString("latin1");
const bodies: Readonly<Record<Garbling, (body: string, index: number) => string>> = {
  bytes: xor,
  numbers: (body, index) => (index === 1 ? '{"data":[0.74,10,-7.4]' : index === 4 ? `${json}${negative}` : body),
};

it.each([1, 2, 7, 50, stream.length])("in pieces of %i bytes", (pieceBytes) => {
  expect(pass(pieceBytes, undefined)).toBe(stream.toString("latin1"));
  for (const garbling of ["bytes", "numbers"] as const) {
    const expected = answers.map(([head, body, end], index) => head + bodies[garbling](body, index) + end).join("");
    expect(pass(pieceBytes, garbling)).toBe(expected);
  }
});
