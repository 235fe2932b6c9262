// The code that a customer shows, made here from this device's key and the time: it needs no network.
// The symbol is always the same small one: 24 digits in version 1, correction Q, mask 0.
(async d => {
  const box = d.getElementById('show');
  if (!box || !self.crypto || !crypto.subtle) return;
  const {selector} = box.dataset, find = what => box.querySelector(what);
  const done = ask => new Promise((yes, no) => { ask.onsuccess = () => yes(ask.result); ask.onerror = no; });
  const keys = async mode => {
    const open = indexedDB.open('argosy', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('keys');
    return (await done(open)).transaction('keys', mode).objectStore('keys');
  };

  // the key is told once, and kept so that no script can read it again
  let kept = await done((await keys()).get('code'));
  if (!kept || kept.selector !== selector) {
    const type = 'application/json';
    const r = await fetch('/code/key', {method: 'POST', body: '{}', headers: {'content-type': type, accept: type}}).catch(() => 0);
    if (!r.ok) {
      // a code that was kept with the page is over by now
      box.hidden = 'kept' in d.documentElement.dataset;
      return;
    }
    const told = await r.json(), raw = Uint8Array.from(atob(told.secret), c => c.charCodeAt());
    const key = await crypto.subtle.importKey('raw', raw, {name: 'HMAC', hash: 'SHA-256'}, false, ['sign']);
    kept = {selector: told.selector, key};
    await done((await keys('readwrite')).put(kept, 'code'));
  }

  const make = async slot => {
    const said = new TextEncoder().encode('argosy-code-1' + '\0'.repeat(8));
    new DataView(said.buffer).setBigUint64(13, BigInt(slot));
    const digest = new DataView(await crypto.subtle.sign('HMAC', kept.key, said)).getBigUint64();
    const body = '71' + kept.selector + slot % 10 + String(digest % 10n ** 10n).padStart(10, 0);
    // of the 23 digits every other one counts twice, the first and the last among them
    const total = [...body].reduce((sum, c, at) => sum + (at % 2 ? +c : c * 2 - (c > 4 ? 9 : 0)), 0);
    return body + (10 - total % 10) % 10;
  };

  const log = [], exp = [], bits = (n, size) => n.toString(2).padStart(size, 0);
  for (let i = 0, x = 1; i < 255; i++) { exp[i] = x; log[x] = i; x = x * 2 ^ (x > 127 ? 285 : 0); }
  const BY = [1, 137, 73, 227, 17, 177, 17, 52, 13, 46, 43, 83, 132, 120];
  const symbol = code => {
    const data = ('0001' + bits(24, 10) + code.match(/.{3}/g).map(n => bits(+n, 10)).join('') + '0000000000').match(/.{8}/g)
      .map(b => parseInt(b, 2));
    const rest = [...data, ...Array(13).fill(0)];
    data.forEach((_, i) => {
      const lead = rest[i];
      if (lead) BY.forEach((c, at) => { rest[i + at] ^= exp[(log[c] + log[lead]) % 255]; });
    });
    const stream = [...data, ...rest.slice(13)].map(b => bits(b, 8)).join('');
    const seen = [], set = (x, y, on) => { if (x in all && y in all) seen[y * 21 + x] = +on; }, all = Array(21).fill(0);
    for (const [cx, cy] of [[3, 3], [17, 3], [3, 17]]) {
      for (let n = 0; n < 81; n++) {
        const x = n % 9 - 4, y = (n / 9 | 0) - 4, far = Math.max(Math.abs(x), Math.abs(y));
        set(cx + x, cy + y, far !== 2 && far < 4);
      }
    }
    for (let i = 8; i < 13; i++) { set(i, 6, i % 2 === 0); set(6, i, i % 2 === 0); }
    [...'011010101011111'].forEach((on, at) => {
      at < 8 ? set(at < 6 ? at : at + 1, 8, on) : set(8, at < 9 ? 7 : 14 - at, on);
      at < 7 ? set(8, 20 - at, on) : set(6 + at, 8, on);
    });
    set(8, 13, 1);
    let at = 0, path = '';
    for (let right = 20; right > 0; right -= 2) {
      if (right === 6) right--;
      for (let n = 0; n < 42; n++) {
        const x = right - n % 2, y = right + 1 & 2 ? n >> 1 : 20 - (n >> 1);
        if (!(y * 21 + x in seen)) set(x, y, stream[at++] ^ (x + y + 1) % 2);
      }
    }
    seen.forEach((on, n) => { if (on) path += `M${n % 21 + 4} ${(n / 21 | 0) + 4}h1v1h-1z`; });
    return path;
  };

  let shown = 0;
  const tick = async () => {
    const slot = Math.floor(Date.now() / 6000);
    // a new one every half minute: no reader meets it at its end
    if (slot - shown > 4 && !d.hidden) {
      const code = await make(shown = slot), svg = find('svg');
      svg.setAttribute('viewBox', '0 0 29 29');
      svg.innerHTML = `<path fill="#fff" d="M0 0h29v29H0z"/><path d="${symbol(code)}"/>`;
      find('.number').textContent = code.match(/.{4}/g).join(' ');
    }
    setTimeout(tick, 1000);
  };
  tick();
})(document);
