// Turning messages to this device on and off. Where a browser cannot, the page does not offer it.
(async d => {
  const box = d.getElementById('push'), api = navigator.serviceWorker;
  if (!box || !api || !self.PushManager || !self.Notification) return;
  const {manager, on, off, no} = {manager: (await api.ready).pushManager, ...box.dataset};
  const [button, note] = [box.querySelector('button'), box.querySelector('[role=status]')];
  const tell = body => fetch('/me/push', {method: 'POST', body: JSON.stringify(body),
    headers: {'content-type': 'application/json', accept: 'application/json'}});
  let kept = await manager.getSubscription();
  const show = () => { button.textContent = kept ? off : on; };
  const turn = async () => {
    if (kept) {
      await kept.unsubscribe();
      await tell({off: '1'});
      kept = null;
    } else if (await Notification.requestPermission() === 'granted') {
      const raw = atob(box.dataset.key.replace(/-/g, '+').replace(/_/g, '/'));
      const key = Uint8Array.from(raw, c => c.charCodeAt());
      const made = await manager.subscribe({userVisibleOnly: true, applicationServerKey: key});
      const {endpoint, keys} = made.toJSON();
      if (!(await tell({endpoint, p256dh: keys.p256dh, auth: keys.auth})).ok) throw await made.unsubscribe();
      kept = made;
    } else throw 0;
  };
  button.onclick = () => turn().then(() => { note.textContent = ''; }, () => { note.textContent = no; }).then(show);
  show();
  box.hidden = false;
})(document);
