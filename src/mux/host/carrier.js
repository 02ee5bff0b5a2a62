export {};
//# sourceMappingURL=carrier.js.map