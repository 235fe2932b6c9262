"""Names and places for a demo town. Made up; any likeness is chance."""

from __future__ import annotations


def document(number: int) -> str:
    """The number of the voter's card of resident `number`."""
    return f"TWN{number:07}"


TOWN: dict[str, object] = {
    "document": document,
    "given": [
        "Aarav", "Aditi", "Ajay", "Akash", "Amit", "Amrita", "Anand", "Anita", "Anjali", "Arjun",
        "Asha", "Bhavna", "Chetan", "Deepa", "Deepak", "Dev", "Divya", "Farhan", "Fatima", "Gaurav",
        "Gita", "Gurpreet", "Harish", "Imran", "Indira", "Isha", "Jaya", "Joseph", "Kabir", "Kamala",
        "Karan", "Kavita", "Kiran", "Lakshmi", "Latha", "Madhav", "Manoj", "Mary", "Meena", "Mohan",
        "Nadia", "Nandini", "Naveen", "Neha", "Nikhil", "Nisha", "Pooja", "Prakash", "Pranav", "Priya",
        "Radha", "Rahul", "Rajesh", "Rakesh", "Ramesh", "Ravi", "Rekha", "Rohan", "Sakshi", "Salma",
        "Sandeep", "Sanjay", "Sarita", "Shanti", "Simran", "Sita", "Sunil", "Suresh", "Swati", "Tara",
        "Usha", "Varun", "Vidya", "Vijay", "Vikram", "Yash", "Yusuf", "Zara",
    ],
    "family": [
        "Agarwal", "Ali", "Bhat", "Bose", "Chatterjee", "Chauhan", "Chopra", "D'Souza", "Das", "Desai",
        "Dutta", "Fernandes", "Ghosh", "Gill", "Gowda", "Gupta", "Hegde", "Hussain", "Iyer", "Jain",
        "Joshi", "Kapoor", "Kaur", "Khan", "Kulkarni", "Kumar", "Malhotra", "Mathew", "Mehta", "Menon",
        "Mishra", "Mukherjee", "Nair", "Naidu", "Pandey", "Patel", "Patil", "Pillai", "Prasad", "Rao",
        "Rathore", "Reddy", "Saxena", "Shah", "Sharma", "Shetty", "Siddiqui", "Singh", "Sinha",
        "Thomas", "Tiwari", "Varma", "Verma", "Yadav",
    ],
    "shops": [
        "Annapurna Kirana Store", "Balaji Medical Hall", "Bharat Auto Parts", "Chai Adda",
        "City Light Electricals", "Durga Sweets", "Everest Hardware", "Fresh Basket Vegetables",
        "Ganesh Stationers", "Green Leaf Nursery", "Gupta General Store", "Himalaya Book Depot",
        "Jai Hind Dairy", "Kaveri Tiffin Room", "Kohinoor Tailors", "Lakshmi Textiles",
        "Metro Mobile Care", "Modern Hair Salon", "National Cycle Works", "New India Bakery",
        "Om Sai Juice Centre", "Punjab Dhaba", "Raj Footwear", "Royal Biryani House",
        "Sagar Fish Stall", "Saraswati Music House", "Shanti Flower Stall", "Sri Krishna Jewellers",
        "Star Photo Studio", "Sunrise Laundry", "राम मिठाई भंडार", "शर्मा किराना स्टोर",
    ],
    "large_shops": ["Argosy Hypermarket", "Indus Electronics Megastore", "Deccan Cinemas"],
    "cities": [
        "Mumbai", "Delhi", "Bengaluru", "Hyderabad", "Chennai", "Kolkata", "Pune", "Jaipur", "Lucknow",
        "Nagpur", "Indore", "Kochi", "Patna", "Bhopal", "Surat", "Varanasi", "Mysuru", "Guwahati",
    ],
    "agents": [
        "Anand Cash Point", "Bazaar Road Agent", "Jyoti Telecom", "Kisan Seva Kendra",
        "Mahalaxmi Recharge", "Nagar Money Point", "Panchayat Seva Centre", "Station Road Recharge",
        "Suvidha Kendra", "Village Digital Point",
    ],
    "phone_prefixes": ["98", "97", "96", "94", "90", "88", "87", "79", "70", "63"],
}  # fmt: skip
