import { element } from "../../parts/dom.js";
import { listStoredModels } from "./stored-models.js";

/** Offers the models that TF.js has saved in this browser. Hidden where there are none. */
export class StoredModelsField {
  readonly root: HTMLElement;
  readonly #select = element("select", { id: "model-stored", "data-testid": "model-stored" });
  #listed = "";

  constructor(load: (address: string) => void) {
    this.root = element(
      "div",
      { class: "field", hidden: "" },
      element("label", { for: "model-stored" }, "Stored in this browser"),
      this.#select,
    );
    this.#select.addEventListener("change", () => {
      if (this.#select.value !== "") load(this.#select.value);
    });
    void this.refresh();
  }

  /** The model at this address is being loaded: choosing another one's address again must be a change. */
  show(address: string): void {
    this.#select.value = address;
    if (this.#select.selectedIndex < 0) this.#select.value = "";
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    const models = await listStoredModels();
    const listed = models.map(({ address }) => address).join(" ");
    this.root.hidden = models.length === 0;
    if (listed === this.#listed) return;
    this.#listed = listed;
    this.#select.replaceChildren(
      element("option", { value: "" }, "choose one"),
      ...models.map(({ name, address, savedAt }) =>
        element(
          "option",
          { value: address },
          savedAt === undefined ? name : `${name}, ${savedAt.toLocaleDateString()}`,
        ),
      ),
    );
  }
}
