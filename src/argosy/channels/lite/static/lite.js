// Everything works without this. It adds: pages that change by themselves, payments of one small request,
// answers that are found again when the connection died, and the camera.
((d, w) => {
  const root = d.documentElement, {dataset} = root, api = navigator.serviceWorker, box = w.localStorage || {};
  const all = (what, from = d) => [...from.querySelectorAll(what)];
  const find = (what, from = d) => from.querySelector(what);
  const wait = ms => new Promise(yes => setTimeout(yes, ms));
  const online = () => new Promise(yes => w.addEventListener('online', yes, {once: true}));
  const asJson = {headers: {accept: 'application/json'}, referrerPolicy: 'no-referrer'};
  const part = name => {
    const found = d.getElementById(name);
    return found && d.importNode(found.content, true).firstElementChild;
  };

  // --- pages that change by themselves: on each word of the live line the live parts are asked for again
  const parts = all('[data-live]');
  let busy, more;
  const load = () => {
    if (busy) { more = 1; return; }
    busy = 1;
    // of a page that was kept, the whole is asked for, and kept
    const how = 'kept' in dataset ? {'x-fresh': '1', accept: 'text/html'} : {'x-part': '1'};
    fetch(location.href, {headers: how, redirect: 'manual'})
      .then(r => r.ok ? r.text() : r.type === 'opaqueredirect' ? location.reload() : Promise.reject(r.status))
      .then(t => {
        const page = new DOMParser().parseFromString(t, 'text/html');
        parts.forEach(p => {
          const now = page.getElementById(p.id);
          if (now && !find('[data-sent],input:focus', p)) p.innerHTML = now.innerHTML;
        });
        delete dataset.kept;
      })
      .catch(() => {})
      .finally(() => setTimeout(() => { busy = 0; if (more) { more = 0; load(); } }, 500));
  };
  const listen = () => {
    if (!w.EventSource || (navigator.connection || {}).saveData) return;
    let opened;
    const line = new EventSource('/live');
    line.onmessage = load;
    line.onopen = () => { if (opened) load(); opened = 1; };
  };
  // what opened at once from the device asks for news only if it is looked at: bytes cost money
  if (parts.length) 'kept' in dataset ? wait(1500).then(() => { load(); listen(); }) : listen();
  w.addEventListener('online', () => {
    if ('kept' in dataset) parts.length ? load() : find('main form') || location.reload();
  });

  // --- this browser's own key: made here, kept here, never seen by anybody; it signs each payment
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
      let typed = form.amount.value.replace(/[\s,]/g, '');
      // where only whole units are in use, points group as well
      if (set.places === '0' && /^\d{1,3}(\.\d{3})+$/.test(typed)) typed = typed.replace(/\./g, '');
      const [, whole, part = ''] = /^(\d+)(?:\.(\d*))?$/.exec(typed) || [];
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

  // --- ids of payments: a UUIDv7, never older than the one that the server put into the page
  const renew = f => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let time = Math.max(Date.now(), parseInt(f.elements.id.value.replace('-', '').slice(0, 12), 16));
    for (let i = 5; i >= 0; i--) { bytes[i] = time % 256; time = Math.floor(time / 256); }
    bytes[6] = bytes[6] & 15 | 112;
    bytes[8] = bytes[8] & 63 | 128;
    const hex = [...bytes].map(b => b.toString(16).padStart(2, '0')).join('');
    f.elements.id.value = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };

  // --- what became of it: the order; null where it was surely not made. Asks until it is known
  const became = async id => {
    for (let tries = 0, misses = 0; ; tries++) {
      try {
        const r = await fetch('/outcome/' + id, asJson);
        if (r.ok) return await r.json();
        if (r.status === 401) location.assign('/enter?next=/outcome/' + id);
        if (r.status === 404 && ++misses > 2) return null;
      } catch {}
      await Promise.race([wait(Math.min(1000 * 2 ** tries, 30000)), online()]);
    }
  };

  // --- paying in one small request, and its receipt in place
  const pay = async f => {
    const body = {};
    for (const [name, value] of new FormData(f)) if (value && name !== 'csrf' && name !== 'step') body[name] = value;
    box.begun = body.id;
    try {
      const stop = new AbortController(), late = setTimeout(() => stop.abort(), 40000);
      const r = await fetch(f.getAttribute('action'), {
        ...asJson, method: 'POST', signal: stop.signal,
        headers: {'content-type': 'application/json'}, body: JSON.stringify(body),
      });
      if (r.status > 499) throw r;
      const said = await r.json();
      clearTimeout(late);
      delete box.begun;
      r.ok ? paid(f, said) : refuse(f, said);
    } catch { unsure(f, body.id); }
  };
  const unsure = async (f, id) => {
    const view = part('unsure');
    f.hidden = true;
    f.before(view);
    view.focus();
    const said = await became(id);
    delete box.begun;
    view.remove();
    f.hidden = false;
    said ? paid(f, said) : refuse(f, {detail: part('not-made').textContent});
  };
  const paid = (f, said) => {
    if (said.state !== 'paid') { location.replace('/orders/' + said.id); return; }
    const view = part('paid'), set = f.dataset, sum = find('[data-sum]', view), link = find('[data-number]', view);
    sum.textContent = new Intl.NumberFormat(`${set.locale}-u-nu-latn`, {
      style: 'currency', currency: said.currency, minimumFractionDigits: set.places, maximumFractionDigits: set.places,
    }).format(said.amount_minor / 10 ** set.digits);
    link.textContent = said.number;
    link.href = '/r/' + said.number;
    find('main').replaceChildren(view);
    history.replaceState(0, '', '/orders/' + said.id);
    d.title = find('h1', view).textContent;
    view.focus();
  };
  const refuse = (f, said) => {
    const form = f.elements;
    delete f.dataset.sent;
    all('[aria-busy]', f).forEach(b => b.removeAttribute('aria-busy'));
    all('.wrong,.alert', d.getElementById('main')).forEach(p => p.remove());
    all('[aria-invalid]', f).forEach(i => { i.removeAttribute('aria-invalid'); i.removeAttribute('aria-describedby'); });
    if (said.code === 'signed_out') { location.assign('/enter?next=' + location.pathname); return; }
    form.pin.value = '';
    if (said.status === 409) renew(f);
    if (said.code === 'proof_needed') {
      form.pin.required = false;
      all('.field', f).forEach(p => { p.hidden = true; });
      find('button', f).before(part('proof'));
      form.otp.focus();
      return;
    }
    const field = said.field === 'code' && form.otp || said.field && form[said.field], p = d.createElement('p');
    p.textContent = said.detail + ' ';
    p.setAttribute('role', 'alert');
    p.className = field ? 'wrong' : 'alert';
    const way = part('ways') && find(`[data-code~="${said.code}"]`, part('ways'));
    if (way) p.append(way);
    if (!field) { f.before(p); return; }
    p.id = 'wrong';
    field.closest('.field').append(p);
    field.setAttribute('aria-invalid', true);
    field.setAttribute('aria-describedby', p.id);
    field.focus();
  };

  // --- one press is one press; the server would know it anyway
  d.addEventListener('submit', e => {
    const f = e.target, set = f.dataset;
    if (set.sent) { e.preventDefault(); return; }
    set.sent = 1;
    if (e.submitter) e.submitter.setAttribute('aria-busy', 'true');
    const here = 'once' in set && w.fetch && part('paid');
    const first = 'bind' in set ? bind : set.device ? sign : 0, able = first && w.crypto && crypto.subtle;
    if (!here && !able) return;
    e.preventDefault();
    (able ? first(f) : Promise.resolve()).catch(() => {})
      .then(() => here ? pay(f) : HTMLFormElement.prototype.submit.call(f));
  });
  w.addEventListener('pageshow', () => all('[data-sent]').forEach(f => {
    delete f.dataset.sent;
    all('[aria-busy]', f).forEach(b => b.removeAttribute('aria-busy'));
  }));
  all('[data-once]').forEach(f => {
    const {pin, amount} = f.elements;
    if (!pin) return;
    if ('kept' in dataset) renew(f);
    all('[data-sixth]', f).forEach(p => { p.hidden = false; });
    // amount, PIN, paid: the last digit sends it
    pin.oninput = () => {
      if (pin.value.length < pin.maxLength) return;
      amount && !amount.value ? amount.focus() : f.requestSubmit();
    };
  });

  // --- the device keeps the app, and remembers what it began
  if ('in' in dataset) {
    if (api) {
      api.register('/worker.js', {updateViaCache: 'all'}).catch(() => {});
      if (dataset.warm) api.ready.then(r => r.active.postMessage(dataset.warm.split(' ')));
    }
    const id = dataset.begun || box.begun;
    if (id && (dataset.begun || !find('[data-once]'))) became(id).then(said => {
      delete box.begun;
      location.replace(said ? '/orders/' + said.id : '/outcome/' + id);
    });
  }

  // --- the camera, where the browser itself can read codes
  const scan = find('[data-scan]');
  if (scan && w.BarcodeDetector && navigator.mediaDevices) {
    scan.hidden = false;
    scan.onclick = async () => {
      const view = d.getElementById('camera'), video = view.firstElementChild, form = scan.form;
      try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
      } catch { scan.hidden = true; return; }
      view.hidden = false;
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
