/** Questions to somebody who is heard of in messages: each is answered or refused once, under its number. */

export type Reply = { type: "answer"; id: number; answer: unknown } | { type: "refusal"; id: number; reason: string };

export class Questions {
  readonly #open = new Map<number, { resolve: (answer: never) => void; reject: (reason: Error) => void }>();
  #next = 0;

  /** How many wait for an answer. */
  get open(): number {
    return this.#open.size;
  }

  ask<Answer>(send: (id: number) => void): Promise<Answer> {
    const id = this.#next++;
    const answer = new Promise<Answer>((resolve, reject) => this.#open.set(id, { resolve, reject }));
    send(id);
    return answer;
  }

  hear(reply: Reply): void {
    const question = this.#open.get(reply.id);
    this.#open.delete(reply.id);
    if (reply.type === "answer") question?.resolve(reply.answer as never);
    else question?.reject(new Error(reply.reason));
  }

  /** Nobody is left who could answer. */
  refuse(reason: string): void {
    for (const { reject } of this.#open.values()) reject(new Error(reason));
    this.#open.clear();
  }
}
