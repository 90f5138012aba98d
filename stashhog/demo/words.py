"""The words of which the sample library is made: an imagined archive of nature films."""

from __future__ import annotations

STUDIOS: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("Kestrel & Moor", None, ("K&M", "Kestrel and Moor")),
    ("Kestrel & Moor Wild", "Kestrel & Moor", ("KM Wild",)),
    ("Kestrel & Moor Shorts", "Kestrel & Moor", ()),
    ("Saltmarsh Pictures", None, ("Saltmarsh",)),
    ("Saltmarsh Nights", "Saltmarsh Pictures", ()),
    ("Mudlark Diaries", "Saltmarsh Pictures", ("Mudlark",)),
    ("Boreal House", None, ("BorealHouse TV",)),
    ("Taiga Files", "Boreal House", ()),
    ("Drift Ice", "Boreal House", ("DriftIce Films",)),
    ("Fernbrook Films", None, ("FBF", "Fernbrook")),
    ("Two Otters", None, ("Two Otters Productions", "2 Otters")),
    ("Larkrise Studio", None, ()),
    ("Peatland", None, ("Peatland Originals",)),
    ("Old Growth Collective", None, ("OldGrowth", "OGC")),
    ("Tidal Range", None, ()),
    ("Quiet Valley", None, ("Quiet Valley Films",)),
    ("Hollow Oak Media", None, ("Hollow Oak",)),
    ("Moss and Lichen", None, ("Moss & Lichen",)),
    ("Windhover TV", None, ("Windhover",)),
    ("The Long Meadow", None, ("Long Meadow",)),
    ("Riverlight", None, ("Riverlight Pictures",)),
    ("Stonecrop", None, ()),
    ("Copperbeech", None, ("Copper Beech",)),
    ("Nightjar Originals", None, ("Nightjar",)),
    ("Ninth Wave", None, ("9th Wave",)),
)
STUDIO_BEGINNINGS = (
    "Amber", "Birch", "Cinder", "Dapple", "Ember", "Fallow", "Gorse", "Hazel", "Isle", "Juniper",
    "Kelp", "Lagoon", "Marram", "Needle", "Ochre", "Pebble", "Quill", "Rowan", "Sedge", "Teasel",
)  # fmt: skip
STUDIO_ENDINGS = (
    "Archive", "Bay Films", "Chronicles", "Field Unit", "Footage", "Lens", "Notebook", "Ridge",
    "Road", "Room", "Shore Media", "Tales", "Trail", "Water", "Watch",
)  # fmt: skip

PERFORMERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Wren", "", ()),
    ("Sorrel", "", ("Sorrel Hart",)),
    ("Bram", "", ()),
    ("Zoë Marlowe", "", ("Zoe M",)),
    ("José Albarrán", "", ("Pepe Albarran",)),
    ("Søren Lindqvist", "", ("Soren Lindkvist",)),
    ("Élodie Charron", "", ()),
    ("Łucja Nowicka", "", ("Lucy Nowicka",)),
    ("Björn Åkesson", "", ()),
    ("Anne-Marie Delacourt", "", ("Annie Delacourt",)),
    ("Niall O'Shea", "", ()),
    ("J. R. Thackeray", "", ("Jack Thackeray",)),
    ("Tom Vale", "", ()),
    ("Tom Vale", "narrator", ("Thomas Vale",)),
    ("Mary Kate Olliver", "", ("M.K. Olliver",)),
    ("Robin Summers", "", ()),
    ("Autumn Reyes", "", ()),
    ("Heath Calloway", "", ()),
)
FIRST_NAMES = (
    "Ada", "Amara", "Anton", "Beatriz", "Caspian", "Chiara", "Dmitri", "Edda", "Emeka", "Farah",
    "Gideon", "Hanne", "Ines", "Ivo", "Jun", "Kaito", "Leonie", "Lorcan", "Maël", "Marta",
    "Mirela", "Nadia", "Noor", "Oskar", "Petra", "Quentin", "Rafael", "Rhona", "Saoirse", "Selim",
    "Tamsin", "Tereza", "Ulrich", "Viola", "Wanda", "Xavier", "Yara", "Yusuf", "Zdeněk", "Zuri",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Ainsley", "Almeida", "Arkwright", "Bakker", "Baptiste", "Bellweather", "Bergström",
    "Blythe", "Brannigan", "Castellane", "Corrigan", "Dalgaard", "Demir", "Devereux", "Eastwick",
    "Eriksen", "Fairweather", "Ferreira", "Fontaine", "Galanis", "Goldfinch", "Greaves", "Hadley",
    "Halloran", "Hashimoto", "Ibarra", "Ito", "Jankowski", "Kaplan", "Keane", "Kowalczyk",
    "Lachance", "Langford", "Lemaire", "Locke", "Mahoney", "Mbeki", "Merriweather", "Müller",
    "Nakamura", "Novák", "Oduya", "Okafor", "Palmgren", "Peñalosa", "Quist", "Ramires", "Renner",
    "Rosales", "Sandoval", "Sauvage", "Silverthorn", "Takeda", "Thorne", "Ueda", "Valente",
    "Vanterpool", "Whitlock", "Wolfe", "Yamada", "Zeller",
)  # fmt: skip

HABITATS = (
    "River", "Wetland", "Coral Reef", "Rainforest", "Tundra", "Desert", "Mountain", "Cave",
    "Coast", "Meadow", "Kelp Forest",
)  # fmt: skip
ANIMALS: dict[str, tuple[str, ...]] = {
    "Mammal": ("Otter", "Badger", "Red Fox", "Hare", "Bat", "Lynx", "Seal", "Whale"),
    "Bird": ("Heron", "Owl", "Puffin", "Kingfisher", "Crane", "Swift"),
    "Insect": ("Dragonfly", "Bumblebee", "Moth"),
    "Sea Life": ("Octopus", "Seahorse", "Manta Ray"),
    "Amphibian": ("Newt", "Tree Frog"),
}
SEASONS = ("Spring", "Summer", "Autumn", "Winter")
OTHER_TAGS: dict[str, tuple[str, ...]] = {
    "Behaviour": ("Migration", "Hunting", "Courtship", "Nesting", "Hibernation"),
    "Technique": ("Aerial", "Time-lapse", "Macro", "Night Vision", "Underwater", "Slow Motion"),
    "Format": ("Interview", "Behind the Scenes", "Short", "Series"),
}
TAG_ALIASES: dict[str, tuple[str, ...]] = {
    "Aerial": ("Drone", "Drone Footage"),
    "Time-lapse": ("Timelapse", "Time Lapse"),
    "Behind the Scenes": ("BTS", "Making Of"),
    "Red Fox": ("Fox", "Vulpes"),
    "Bumblebee": ("Bumble Bee",),
    "Coral Reef": ("Reef",),
    "Rainforest": ("Jungle",),
    "Night Vision": ("Infrared",),
    "Autumn": ("Fall Season",),
    "Wetland": ("Marsh", "Bog"),
}
IGNORED_TAGS = frozenset({"Format", "Short", "Series"})
ADJECTIVES = (
    "Hidden", "Silent", "Last", "Golden", "Wandering", "Northern", "Patient", "Painted", "Lonely",
    "Ancient", "Restless", "Secret", "Sleeping", "Wild", "Young",
)  # fmt: skip
TITLES = (
    "The {adjective} {animal}",
    "{animal} of the {habitat}",
    "Night of the {animal}",
    "A {season} on the {habitat}",
    "The {animal} and the {other}",
    "Secrets of the {habitat}",
    "Return of the {adjective} {animal}",
    "Where the {animal} Sleeps",
    "One Year in the {habitat}",
    "{season} Comes to the {habitat}",
    "In Search of the {adjective} {animal}",
    "What the {animal} Knows",
    "{adjective} Waters",
    "Following {animal} Tracks",
    "Twelve Days of {season}",
    "The {habitat} at Dawn",
)
DETAILS = (
    "{who} follows the {animal} through the {habitat}.",
    "A film about patience. Shot over one {season}.",
    "The {animal} was thought to be gone from here. {who} went to look.",
    "Recorded without commentary.",
    "Part two of a longer journey, with {who}.",
)
RELEASE_GROUPS = ("FERN", "LICHEN", "TARN", "OWLET", "MOSSY")
