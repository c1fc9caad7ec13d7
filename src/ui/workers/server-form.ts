import { element, setText } from "../parts/dom.js";
import { failureText } from "../parts/failure-text.js";

/** What the form asks for: a server, and what lets the page in there. */
export interface NamedServer {
  /** Of the model there, as it was typed: "https://host/v2/models/NAME". */
  readonly url: string;
  /** Sent to that server with every request, and kept nowhere but in memory. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServerCommands {
  /** What the server is, or what is wrong with it, in words. */
  test(server: NamedServer): Promise<{ readonly isUsable: boolean; readonly message: string }>;
  /** @returns whether it was added; why not is told elsewhere. */
  add(server: NamedServer): Promise<boolean>;
}

/** Adds a server as one more worker: its address, a token if it asks for one, and a button that tries both first. */
export class ServerForm {
  readonly root: HTMLDetailsElement;
  readonly #url: HTMLInputElement;
  readonly #token: HTMLInputElement;
  readonly #test = element("button", { type: "button", "data-testid": "test-server" }, "Test");
  readonly #add = element("button", { type: "submit", "data-testid": "add-server" }, "Add server");
  readonly #answer = element("p", { class: "server-answer", role: "status", "data-testid": "server-answer" });
  readonly #commands: ServerCommands;
  /** Counts the tries: the answer to an older one says nothing about what is typed now. */
  #tryCount = 0;
  #isUsable = false;
  #isTrying = false;

  /** @param prefix tells the forms of a page apart, in ids. */
  constructor(prefix: string, commands: ServerCommands) {
    this.#commands = commands;
    this.#url = element("input", {
      type: "url",
      id: `${prefix}server-url`,
      required: "",
      placeholder: "https://host/v2/models/name",
      autocomplete: "off",
      spellcheck: "false",
      "data-testid": "server-url",
    });
    this.#token = element("input", {
      type: "password",
      id: `${prefix}server-token`,
      autocomplete: "off",
      "data-testid": "server-token",
    });
    const form = element(
      "form",
      { class: "server-form" },
      element("p", { class: "muted" }, PRIVACY),
      element("label", { for: this.#url.id }, "Address of the model"),
      this.#url,
      element("label", { for: this.#token.id }, "Token, if it asks for one (kept in memory only)"),
      this.#token,
      element("div", { class: "server-buttons" }, this.#test, this.#add),
      this.#answer,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#addServer();
    });
    this.#test.addEventListener("click", () => {
      if (form.reportValidity()) void this.#tryServer();
    });
    for (const field of [this.#url, this.#token]) field.addEventListener("input", () => this.forget());
    this.root = element(
      "details",
      { class: "add-server", "data-testid": "server-form" },
      element("summary", {}, "Add a server"),
      form,
    );
  }

  /** @param isUsable whether there is a model to run. */
  update(isUsable: boolean): void {
    this.#isUsable = isUsable;
    this.#test.disabled = this.#add.disabled = !isUsable || this.#isTrying;
  }

  get #server(): NamedServer {
    const token = this.#token.value.trim();
    return {
      url: this.#url.value.trim(),
      headers: token === "" ? {} : { authorization: /\s/.test(token) ? token : `Bearer ${token}` },
    };
  }

  async #tryServer(): Promise<void> {
    await this.#attempt((server) => this.#commands.test(server));
  }

  /** One that can't be used is told of here, and not listed. */
  async #addServer(): Promise<void> {
    await this.#attempt(async (server, isStillMeant) => {
      const found = await this.#commands.test(server);
      if (!found.isUsable || !isStillMeant()) return found;
      const wasAdded = await this.#commands.add(server);
      return { isUsable: wasAdded, message: wasAdded ? "Added: it is listed above." : "It was not added." };
    });
  }

  /** Nothing else is begun meanwhile. What comes of it is told unless something else has been typed, or another model is run now. */
  async #attempt(
    action: (server: NamedServer, isStillMeant: () => boolean) => Promise<{ isUsable: boolean; message: string }>,
  ): Promise<void> {
    const attempt = ++this.#tryCount;
    const isStillMeant = (): boolean => attempt === this.#tryCount;
    this.#isTrying = true;
    this.update(this.#isUsable);
    this.#say("Asking the server …", "pending");
    try {
      const { isUsable, message } = await action(this.#server, isStillMeant);
      if (isStillMeant()) this.#say(message, isUsable ? "fit" : "unfit");
    } catch (thrown) {
      if (isStillMeant()) this.#say(failureText(thrown), "unfit");
    } finally {
      this.#isTrying = false;
      this.update(this.#isUsable);
    }
  }

  /** What is typed, or what it is for, is no longer what was tried. */
  forget(): void {
    this.#tryCount++;
    this.#say("", "pending");
  }

  #say(text: string, verdict: "fit" | "unfit" | "pending"): void {
    setText(this.#answer, text);
    this.#answer.dataset["verdict"] = verdict;
  }
}

const PRIVACY =
  "A server computes part of the items, which are sent to it, and to no other place. Without one, nothing leaves this machine.";
