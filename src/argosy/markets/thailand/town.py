"""Names and places for a demo town. Made up; any likeness is chance."""

from __future__ import annotations

from argosy.markets.tax_numbers import mod_11


def document(number: int) -> str:
    """The number of the identity card of resident `number`."""
    body = f"11005{number:07}"
    return next(body + digit for digit in "0123456789" if mod_11(body + digit))


TOWN: dict[str, object] = {
    "document": document,
    "given": [
        "Anan", "Anchali", "Apinya", "Arthit", "Boonmee", "Chai", "Chalerm", "Chanida", "Darunee",
        "Ekachai", "Hathai", "Jintana", "Kamol", "Kanya", "Kittisak", "Lamai", "Malee", "Mana",
        "Manee", "Narong", "Nattapong", "Nida", "Nipa", "Niran", "Noi", "Orathai", "Pakorn",
        "Panida", "Piti", "Ploy", "Prasert", "Preecha", "Rattana", "Sakda", "Samak", "Sasithorn",
        "Siriporn", "Somchai", "Somsri", "Sopha", "Sunee", "Suriya", "Tawan", "Thida", "Udom",
        "Urai", "Wanida", "Wichai", "Wilai", "Yupa", "กานดา", "สมหญิง",
    ],
    "family": [
        "Amornrat", "Boonsri", "Charoensuk", "Chaiyasit", "Chantara", "Duangdee", "Inthanon",
        "Jaidee", "Kaewkla", "Kanchana", "Khamdee", "Klinhom", "Limsakul", "Maneerat", "Meesuk",
        "Nakhon", "Namthip", "Nuanchan", "Panya", "Phongphan", "Phromma", "Pimjai", "Ratchata",
        "Rungrueang", "Saelim", "Saetang", "Sangthong", "Siriwan", "Somboon", "Srisuk", "Suksai",
        "Suwannarat", "Tanakit", "Thongdee", "Thongchai", "Udomsuk", "Wattana", "Wongsa",
        "Yodrak", "Yooyen",
    ],
    "shops": [
        "Ban Suan Coffee", "Chao Phraya Boat Noodles", "Chiang Mai Silk Corner", "Duang Jai Flowers",
        "Hat Yai Fried Chicken", "Isan Som Tam", "Jae Noi Grocery", "Khao Gaeng Pa Malee",
        "Klong Books", "Krua Bangrak", "Lotus Pharmacy", "Mae Sri Tailor", "Mango House",
        "Moo Ping Uncle Chai", "Nong Ploy Beauty", "Rung Rueang Hardware", "Sabai Massage",
        "Sampheng Toys", "Siam Mobile Repair", "Somchai Motorcycle", "Talat Sod Vegetables",
        "Thonburi Electric", "Tuk Tuk Laundry", "Wang Lang Dessert", "ร้านข้าวแกงป้าสมศรี",
        "ร้านชากาแฟบ้านสวน",
    ],
    "large_shops": ["Argosy Mall Siam", "Chao Phraya Electronics", "Lanna Cinemas"],
    "cities": [
        "Bangkok", "Chiang Mai", "Khon Kaen", "Hat Yai", "Nakhon Ratchasima", "Udon Thani",
        "Phuket", "Chonburi", "Rayong", "Ubon Ratchathani", "Nonthaburi", "Ayutthaya",
    ],
    "agents": [
        "Bangrak Counter Service", "Boonmee Cash Point", "Chatuchak Money Corner", "Isan Agent",
        "Khlong Toei Shop", "Lanna Money Point", "Rangsit Counter", "Talat Thai Agent",
    ],
    "rupee_minor": 40,
}  # fmt: skip
