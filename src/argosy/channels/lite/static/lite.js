// Everything works without this. It adds: pages that change by themselves, one press is one press, and the camera.
((d, w) => {
  // a page that shows what happens: on each word of the live line its live part is asked for again
  const parts = d.querySelectorAll('[data-live]');
  if (parts.length && w.EventSource) {
    let busy, more, opened;
    const load = () => {
      if (busy) { more = 1; return; }
      busy = 1;
      fetch(location.href, {headers: {'x-part': '1'}, redirect: 'error'})
        .then(r => r.ok ? r.text() : Promise.reject(r.status))
        .then(t => {
          const page = new DOMParser().parseFromString(t, 'text/html');
          parts.forEach(p => {
            const now = page.getElementById(p.id);
            if (now && !p.querySelector('[data-sent],input:focus')) p.innerHTML = now.innerHTML;
          });
        })
        .catch(() => {})
        .finally(() => setTimeout(() => { busy = 0; if (more) { more = 0; load(); } }, 500));
    };
    const line = new EventSource('/live');
    line.onmessage = load;
    line.onopen = () => { if (opened) load(); opened = 1; };
  }

  // this browser's own key: made here, kept here, never seen by anybody; it signs each payment
  const keys = async mode => {
    const open = indexedDB.open('argosy', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('keys');
    return (await done(open)).transaction('keys', mode).objectStore('keys');
  };
  const done = ask => new Promise((yes, no) => { ask.onsuccess = () => yes(ask.result); ask.onerror = no; });
  const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const bind = async f => {
    let pair = await done((await keys()).get('device'));
    if (!pair) {
      pair = await crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, false, ['sign']);
      await done((await keys('readwrite')).put(pair, 'device'));
    }
    put(f, 'device_key', text(await crypto.subtle.exportKey('raw', pair.publicKey)));
  };
  const sign = async f => {
    const pair = await done((await keys()).get('device')), set = f.dataset, form = f.elements;
    let content = set.sign;
    if (content.includes('*')) {
      const [, whole, part = ''] = /^(\d+)(?:\.(\d*))?$/.exec(form.amount.value.replace(/[\s,]/g, '')) || [];
      content = content.replace('*', BigInt(whole + part.padEnd(set.digits, '0')));
    }
    const said = ['argosy-payment-1', set.device, form.id.value, content].join('\n');
    put(f, 'signature', text(await crypto.subtle.sign(
      {name: 'ECDSA', hash: 'SHA-256'}, pair.privateKey, new TextEncoder().encode(said))));
  };
  const put = (f, name, value) => {
    const field = f.elements[name] || f.appendChild(d.createElement('input'));
    field.type = 'hidden';
    field.name = name;
    field.value = value;
  };

  // one press is one press; the server would know it anyway
  d.addEventListener('submit', e => {
    const f = e.target, set = f.dataset;
    if (set.sent) { e.preventDefault(); return; }
    set.sent = 1;
    if (e.submitter) e.submitter.setAttribute('aria-busy', 'true');
    const first = 'bind' in set ? bind : 'device' in set ? sign : 0;
    if (first && w.crypto && crypto.subtle) {
      e.preventDefault();
      first(f).catch(() => {}).finally(() => HTMLFormElement.prototype.submit.call(f));
    }
  });
  w.addEventListener('pageshow', () => d.querySelectorAll('[data-sent]').forEach(f => {
    delete f.dataset.sent;
    f.querySelectorAll('[aria-busy]').forEach(b => b.removeAttribute('aria-busy'));
  }));

  // the camera, where the browser itself can read codes
  const scan = d.querySelector('[data-scan]');
  if (scan && w.BarcodeDetector && navigator.mediaDevices) {
    scan.hidden = false;
    scan.onclick = async () => {
      const box = d.getElementById('camera'), video = box.firstElementChild, form = scan.form;
      try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
      } catch { scan.hidden = true; return; }
      box.hidden = false;
      scan.hidden = true;
      await video.play();
      const eye = new BarcodeDetector({formats: ['qr_code']});
      const look = async () => {
        const found = await eye.detect(video).catch(() => []);
        if (!found.length) { setTimeout(look, 150); return; }
        video.srcObject.getTracks().forEach(t => t.stop());
        form.elements.code.value = found[0].rawValue;
        form.requestSubmit();
      };
      look();
    };
  }
})(document, window);
