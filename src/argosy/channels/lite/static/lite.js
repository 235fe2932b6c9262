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

  // one press is one press; the server would know it anyway
  d.addEventListener('submit', e => {
    const f = e.target;
    if (f.dataset.sent) { e.preventDefault(); return; }
    f.dataset.sent = 1;
    const b = e.submitter;
    if (b) b.setAttribute('aria-busy', 'true');
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
