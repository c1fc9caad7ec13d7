import { expect, it } from "vitest";
import { foreignAddresses } from "../../../src/ui/linked-addresses.js";

const PAGE = "https://page.example/app/?embed=1";

it.each<[query: string, foreign: string[]]>([
  ["", []],
  ["model=models/x/model.json&sample=", []],
  ["model=https://page.example/x/model.json", []],
  ["model=https://other.example/model.json", ["https://other.example/model.json"]],
  ["model=//other.example/model.json", ["https://other.example/model.json"]],
  ["model=http://page.example/model.json", ["http://page.example/model.json"]],
  ["model=https://page.example:8443/model.json", ["https://page.example:8443/model.json"]],
  ["model=https://page.example@other.example/m.json", ["https://page.example@other.example/m.json"]],
  ["model=data:,{}", ["data:,{}"]],
  ["model=x/model.json&sample=https://other.example/s.png", ["https://other.example/s.png"]],
  ["model=https://[broken", []],
])("of %j, what is on another site is %j", (query, foreign) => {
  expect(foreignAddresses(new URLSearchParams(query), PAGE)).toEqual(foreign);
});
