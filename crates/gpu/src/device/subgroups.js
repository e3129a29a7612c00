/** Makes the next device that anyone requests have subgroups, if its adapter does. */
export function askOnce() {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    GPUAdapter.prototype.requestDevice = requestDevice;
    const more = this.features.has("subgroups") ? ["subgroups"] : [];
    const requiredFeatures = [...(descriptor?.requiredFeatures ?? []), ...more];
    return requestDevice.call(this, { ...descriptor, requiredFeatures });
  };
}
