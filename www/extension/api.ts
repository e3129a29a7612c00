/** What this extension uses of the browser's interface for extensions. Firefox and Chromium agree on these parts. */

export interface Port {
  readonly name: string;
  postMessage(message: object): void;
  disconnect(): void;
  readonly onMessage: Told<[message: unknown]>;
  readonly onDisconnect: Told<[]>;
}

/** An event. Listeners have to be added while a service worker's script first runs, or they miss what woke it. */
interface Told<Args extends unknown[], Answer = void> {
  addListener(listener: (...args: Args) => Answer): void;
}

export type IdleState = "active" | "idle" | "locked";

interface Api {
  runtime: {
    connect(info: { name: string }): Port;
    sendMessage(message: object): Promise<unknown>;
    getURL(path: string): string;
    openOptionsPage(): Promise<void>;
    reload(): void;
    readonly onConnect: Told<[port: Port]>;
    /** A listener that answers later returns true. */
    readonly onMessage: Told<[message: unknown, sender: object, answer: (answer: unknown) => void], boolean | undefined>;
    readonly onInstalled: Told<[]>;
    readonly onStartup: Told<[]>;
    readonly onUpdateAvailable: Told<[]>;
    getContexts?(filter: { contextTypes: ["OFFSCREEN_DOCUMENT"] }): Promise<unknown[]>;
  };
  /** Offscreen documents have `runtime` alone. */
  storage: { local: { get(key: string): Promise<Record<string, unknown>>; set(items: object): Promise<void> } };
  alarms: {
    create(name: string, info: { periodInMinutes: number }): Promise<void>;
    clear(name: string): Promise<boolean>;
    readonly onAlarm: Told<[]>;
  };
  idle: {
    queryState(seconds: number): Promise<IdleState>;
    setDetectionInterval(seconds: number): void;
    readonly onStateChanged: Told<[state: IdleState]>;
  };
  /** `browserAction` in Firefox's older manifest. */
  action?: Action;
  browserAction?: Action;
  /** Chromium alone. */
  offscreen?: { createDocument(options: { url: string; reasons: ["WORKERS"]; justification: string }): Promise<void> };
}

interface Action {
  setBadgeText(details: { text: string }): Promise<void>;
  setBadgeBackgroundColor(details: { color: string }): Promise<void>;
  setTitle(details: { title: string }): Promise<void>;
}

const scope = globalThis as unknown as { browser?: Api; chrome: Api };

export const api: Api = scope.browser ?? scope.chrome;
