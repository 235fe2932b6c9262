"""Names and places for a demo town. Made up; any likeness is chance."""

from __future__ import annotations


def document(number: int) -> str:
    """The NIK of resident `number`, born on the first of January 1990."""
    return f"31{number % 10_000:04}010190{number // 10_000:04}"


TOWN: dict[str, object] = {
    "document": document,
    "given": [
        "Adi", "Agus", "Ahmad", "Andi", "Anggun", "Arif", "Ayu", "Bambang", "Bayu", "Budi", "Citra",
        "Dedi", "Dewi", "Dian", "Dwi", "Eka", "Endang", "Fajar", "Fitri", "Galih", "Hendra", "Indah",
        "Intan", "Irfan", "Joko", "Kartika", "Ketut", "Komang", "Lestari", "Lina", "Made", "Maya",
        "Mega", "Nanda", "Nur", "Nyoman", "Putri", "Rahmat", "Ratna", "Rina", "Rizki", "Sari", "Siti",
        "Slamet", "Sri", "Sulastri", "Taufik", "Tri", "Wahyu", "Wayan", "Wulan", "Yanti", "Yudi",
    ],
    "family": [
        "Anggraini", "Aritonang", "Astuti", "Firmansyah", "Ginting", "Gunawan", "Hakim", "Halim",
        "Handayani", "Hartono", "Hasibuan", "Hidayat", "Iskandar", "Kurniawan", "Kusuma", "Lubis",
        "Maulana", "Nasution", "Nugroho", "Pangestu", "Permana", "Prabowo", "Pranata", "Prasetyo",
        "Pratama", "Purnomo", "Rahayu", "Ramadhan", "Saputra", "Saragih", "Setiawan", "Siregar",
        "Sitompul", "Sudirman", "Sugiarto", "Suharto", "Sulistyo", "Susanto", "Sutrisno", "Utami",
        "Wardhana", "Wibowo", "Widodo", "Wijaya", "Wulandari", "Yulianto",
    ],
    "shops": [
        "Ayam Geprek Bu Sri", "Bakso Pak Slamet", "Batik Nusantara", "Bengkel Maju Jaya",
        "Es Teler Segar", "Fotokopi Pelangi", "Gado-Gado Bu Tini", "Gerai Pulsa Berkah",
        "Kedai Kopi Senja", "Kios Buah Segar", "Laundry Kilat", "Martabak Bandung Asli",
        "Mie Aceh Bang Jali", "Nasi Padang Sederhana Rasa", "Pangkas Rambut Madura",
        "Pasar Ikan Muara", "Pecel Lele Lamongan", "Rumah Jahit Indah", "Sate Madura Cak Ali",
        "Soto Betawi Haji Mamat", "Toko Bangunan Sejahtera", "Toko Kelontong Makmur",
        "Toko Obat Sehat", "Warteg Bahari", "Warung Bu Ani", "Warung Madura 24 Jam",
    ],
    "large_shops": ["Argosy Hipermarket Kemang", "Nusantara Elektronik", "Bioskop Merdeka"],
    "cities": [
        "Jakarta", "Surabaya", "Bandung", "Medan", "Semarang", "Makassar", "Yogyakarta", "Denpasar",
        "Palembang", "Malang", "Padang", "Balikpapan",
    ],
    "agents": [
        "Agen Berkah", "Agen Laku Maju", "Agen Pasar Minggu", "Gerai Tunai Sentosa",
        "Kios Setor Tarik", "Loket Rakyat", "Outlet Desa Digital", "Warung Agen Bu Yanti",
    ],
    "phone_prefix": "812",
    "rupee_minor": 19_000,
}  # fmt: skip
