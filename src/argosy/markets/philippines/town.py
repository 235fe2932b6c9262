"""Names and places for a demo town. Made up; any likeness is chance."""

from __future__ import annotations


def document(number: int) -> str:
    """The PhilSys number of resident `number`."""
    return f"77{number:014}"


TOWN: dict[str, object] = {
    "document": document,
    "given": [
        "Aileen", "Alma", "Amado", "Analyn", "Andres", "Angel", "Antonio", "Arnel", "Benigno",
        "Bernadette", "Carlo", "Carmela", "Cesar", "Corazon", "Cristina", "Danilo", "Divina",
        "Eduardo", "Elena", "Emilio", "Ernesto", "Fe", "Felipe", "Gloria", "Grace", "Imelda",
        "Isagani", "Jerome", "Jocelyn", "Jose", "Juan", "Kristine", "Ligaya", "Lito", "Lourdes",
        "Luz", "Maria", "Maricel", "Mario", "Marites", "Noel", "Paolo", "Pilar", "Ramon", "Rizalina",
        "Rodel", "Rosario", "Rowena", "Ruben", "Teresita", "Vicente", "Wilma",
    ],
    "family": [
        "Abad", "Aguilar", "Aquino", "Bautista", "Bonifacio", "Cabrera", "Castillo", "Castro",
        "Cruz", "Dalisay", "De Guzman", "De la Cruz", "De Leon", "Del Rosario", "Diaz", "Domingo",
        "Enriquez", "Espinosa", "Fernandez", "Flores", "Garcia", "Gonzales", "Hernandez", "Ilagan",
        "Javier", "Lopez", "Macaraeg", "Magsaysay", "Manalo", "Mendoza", "Mercado", "Navarro",
        "Ocampo", "Pascual", "Perez", "Ramos", "Reyes", "Rivera", "Salazar", "Santos", "Soriano",
        "Tolentino", "Torres", "Valdez", "Villanueva",
    ],
    "shops": [
        "Aling Nena Sari-Sari Store", "Bagnet ni Mang Ben", "Bayanihan Hardware",
        "Botika ng Bayan", "Buko Juice Corner", "Carinderia ni Ate Luz", "Cebu Lechon House",
        "Davao Fruit Stand", "Dampa Seafood", "Halo-Halo Stop", "Isawan sa Kanto",
        "Jeepney Auto Parts", "Kape Barako", "Kusina ni Lola", "Lugawan 24", "Mabuhay Bakery",
        "Maria's Beauty Salon", "Pandesal ni Mang Tomas", "Pares Kanto", "Quiapo Religious Items",
        "Sampaguita Flower Shop", "Tindahan ni Aling Rosa", "Tricycle Parts Center",
        "Ukay-Ukay Palengke", "Visayas Dried Fish", "Water Refilling Station",
    ],
    "large_shops": ["Argosy Supermarket Cubao", "Visayas Appliance Center", "Bayani Cinemas"],
    "cities": [
        "Manila", "Quezon City", "Cebu City", "Davao City", "Makati", "Iloilo City", "Baguio",
        "Cagayan de Oro", "Bacolod", "Zamboanga City", "General Santos", "Naga",
    ],
    "agents": [
        "Bayad Corner", "Cebu Padala Center", "Davao Money Point", "Kanto Cash-In",
        "Lucky Pawnshop", "Mabuhay Load Station", "Palengke Padala", "Sari-Sari Cash Point",
    ],
    "rupee_minor": 70,
}  # fmt: skip
