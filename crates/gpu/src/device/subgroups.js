/** The next device that is requested, by whomever, gets subgroups if its adapter has them. */
export function askOnce() {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    GPUAdapter.prototype.requestDevice = requestDevice;
    const more = this.features.has("subgroups") ? ["subgroups"] : [];
    const requiredFeatures = [...(descriptor?.requiredFeatures ?? []), ...more];
    return requestDevice.call(this, { ...descriptor, requiredFeatures });
  };
}
