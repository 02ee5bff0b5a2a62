// The clock, for rooms that may know one: handles differ between hosts, so they stay opaque.
declare function setTimeout(callback: () => void, ms?: number): unknown;
declare function clearTimeout(handle: unknown): void;
declare const performance: { now(): number };
