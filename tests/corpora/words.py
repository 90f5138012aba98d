"""Words of several languages: what made libraries call their tags, titles, studios and folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words; in `titles` `{n}` is a noun and `{a}` an adjective before a noun."""

    locale: str
    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    titles: tuple[str, ...]
    studios: tuple[str, ...]
    ends: tuple[str, ...]
    folders: tuple[str, ...]
    joined: bool = False
    """Whether names are written without blanks, family name first."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


LANGUAGES: Mapping[str, Language] = {
    "en": Language(
        "en_GB",
        _split(
            "Violin, Cello, Jazz, Choir, Rehearsal, Backstage, Interview, Marathon, Sprint, Climbing, Rowing, Fencing,"
            " Judo, Sourdough, Pastry, Curry, Barbecue, Dessert, Knitting, Pottery, Woodwork, Welding, Harbour, Market,"
            " Tram, Bridge, Night, Morning, Slow Motion, Handheld, Studio, Live, Archive, Documentary, Tutorial, Kids,"
            " Garden, Balcony, Rain, Snow, Festival, Parade, Chess, Robotics, Painting, Street Art, Dance, Tango"
        ),
        _split("Young, Old, Silent, Golden, Broken, Secret, Northern, Small, Wild, Late, Final, Urban"),
        (
            "The {a} {n}", "{n} and {n}", "A Day of {n}", "{n} for Beginners", "How to Love {n}", "Inside the {a} {n}",
            "{n} at Night", "My {a} {n}", "Last {n} of the Season", "{n}: {a} {n}", "Return to {n}", "{n} Part Two",
        ),
        _split("Copper, Harlow, Pinewood, Ember, Ashdown, Velvet, Marble, Falcon, Juniper, Willowby, Rookery, Sable"),
        _split("Films, Studio, Media, House, Network, TV, Collective, Works, Pictures, Lab, Originals, Society"),
        _split("new, unsorted, Downloads, keep, Backup 2, watched, HD, misc, to check, 4K, archive"),
    ),
    "de": Language(
        "de_DE",
        _split(
            "Alpen, Bergsteigen, Käse, Wald, Brücke, Straßenbahn, Schnee, Nebel, Chor, Orgel, Fußball, Rudern, Bäckerei,"
            " Töpfern, Handwerk, Garten, Markt, Hafen, Nacht, Zeitlupe, Interview, Probe, Kinder, Weihnachten, Frühling,"
            " Zug, Schach, Malerei, Volksfest, Wandern, Fluss, Mühle"
        ),
        _split("Alte, Junge, Stille, Große, Wilde, Letzte, Kleine, Geheime"),
        (
            "Die {a} {n}", "{n} und {n}", "Ein Tag mit {n}", "{n} für Anfänger", "Zurück zum {n}", "Im Schatten der {n}",
            "Über {n}", "Das Ende der {n}", "Mein {n}",
        ),
        _split("Nordlicht, Alpenglück, Grünwald, Blauer Reiter, Sonnenhof, Rheinbrücke, Fuchsbau, Mühlental"),
        _split("Film, Filmstudio, Produktion, Medien, Werkstatt, Verlag, Archiv"),
        _split("Neu, Unsortiert, Sicherung, gesehen, Sonstiges, HD"),
    ),
    "fr": Language(
        "fr_FR",
        _split(
            "Fromage, Vélo, Forêt, Rivière, Opéra, Répétition, Pâtisserie, Marché, Château, Montagne, Neige, Pluie,"
            " Danse, Peinture, Théâtre, Escrime, Natation, Cheval, Été, Hiver, Noël, Enfants, Entretien, Ralenti,"
            " Jardin, Port, Pont, Tramway, Boulangerie, Cirque"
        ),
        _split("Petite, Grande, Vieille, Belle, Dernière, Nouvelle"),
        (
            "La {a} {n}", "{n} et {n}", "L'Ombre de {n}", "Une journée de {n}", "Le Retour de {n}", "{n} pour débutants",
            "Au cœur de {n}", "Mon {n}", "Sans {n}",
        ),
        _split("Lumière, Belle Rive, Étoile, Chêne Vert, Grand Large, Petit Jour, Hirondelle, Cavalier"),
        _split("Films, Productions, Média, Studio, Cinéma, Éditions"),
        _split("Nouveautés, À trier, Sauvegarde, vus, Divers"),
    ),
    "es": Language(
        "es_ES",
        _split(
            "Playa, Montaña, Fútbol, Guitarra, Flamenco, Cocina, Mercado, Otoño, Niños, Entrevista, Ensayo, Danza, Lluvia,"
            " Nieve, Caballo, Puente, Tren, Jardín, Pintura, Cerámica, Panadería, Noche, Mañana, Cámara Lenta, Feria, Río"
        ),
        _split("Pequeña, Gran, Última, Vieja, Nueva, Secreta"),
        ("La {a} {n}", "{n} y {n}", "Un día de {n}", "El regreso de {n}", "{n} sin fin", "Camino de {n}", "Mi {n}"),
        _split("Luna Llena, Sol Naciente, Río Bravo, Piedra Negra, Mariposa, El Faro, Buenavista"),
        _split("Films, Producciones, Estudio, Medios, Cine"),
        _split("Nuevos, Sin ordenar, Copia, vistos, Varios"),
    ),
    "pt": Language(
        "pt_BR",
        _split(
            "Praia, Coração, Violão, Samba, Capoeira, Feijão, Pão, Manhã, Crianças, Estação, Chuva, Montanha, Entrevista,"
            " Ensaio, Mercado, Ponte, Jardim, Verão, Dança, Cerâmica, Natação, Avião"
        ),
        _split("Pequena, Grande, Última, Nova, Velha"),
        ("A {a} {n}", "{n} e {n}", "Um dia de {n}", "O Fim da {n}", "De volta à {n}", "Minha {n}"),
        _split("Ipanema, Sabiá, Maré Alta, Boa Vista, Jacarandá, Três Rios"),
        _split("Filmes, Produções, Estúdio, Mídia"),
        _split("Novos, Para arrumar, Cópia, vistos"),
    ),
    "pl": Language(
        "pl_PL",
        _split(
            "Góry, Las, Śnieg, Jesień, Źródło, Wywiad, Próba, Chleb, Żeglarstwo, Szachy, Ceramika, Targ, Most, Pociąg,"
            " Dzieci, Noc, Rzeka, Łódź, Muzyka, Taniec, Wspinaczka, Ogród"
        ),
        _split("Stara, Mała, Cicha, Ostatnia, Wielka"),
        ("{a} {n}", "{n} i {n}", "Dzień: {n}", "Powrót do {n}", "W cieniu {n}", "Moja {n}"),
        _split("Świetlik, Bursztyn, Biały Orzeł, Złota Rybka, Tęcza, Żuraw"),
        _split("Film, Studio, Media, Produkcja"),
        _split("Nowe, Do sprawdzenia, Kopia, obejrzane"),
    ),
    "cs": Language(
        "cs_CZ",
        _split(
            "Hory, Řeka, Sníh, Podzim, Rozhovor, Zkouška, Chléb, Šachy, Keramika, Trh, Most, Vlak, Děti, Noc, Hudba,"
            " Tanec, Lezení, Zahrada, Pohádka, Kůň"
        ),
        _split("Stará, Malá, Tichá, Poslední, Velká"),
        ("{a} {n}", "{n} a {n}", "Návrat: {n}", "Ve stínu {n}", "Jeden den: {n}", "Moje {n}"),
        _split("Modrá Sova, Skřivánek, Zlatá Brána, Květina, Žižkov"),
        _split("Film, Studio, Média, Produkce"),
        _split("Nové, Roztřídit, Záloha"),
    ),
    "tr": Language(
        "tr_TR",
        _split(
            "Deniz, Dağ, Çay, Köprü, Söyleşi, Prova, Ekmek, Güneş, Işık, Çocuk, Gece, Sabah, Bahçe, Müzik, Dans, Yağmur,"
            " Kış, Pazar, Tren, Satranç, Balık"
        ),
        _split("Küçük, Büyük, Eski, Son, Gizli"),
        ("{a} {n}", "{n} ve {n}", "Bir {n} Günü", "{n} İçin", "Benim {n}", "Dönüş: {n}"),
        _split("Boğaziçi, Güvercin, Yıldız, Kırmızı Lale, Anadolu, Işıkhan"),
        _split("Film, Yapım, Medya, Stüdyo"),
        _split("Yeni, Karışık, Yedek"),
    ),
    "ru": Language(
        "ru_RU",
        _split(
            "Горы, Река, Снег, Осень, Интервью, Репетиция, Хлеб, Шахматы, Рынок, Мост, Поезд, Дети, Ночь, Музыка, Танец,"
            " Сад, Дождь, Лошадь, Театр, Балет, Море"
        ),
        _split("Старая, Малая, Тихая, Последняя, Большая"),
        ("{a} {n}", "{n} и {n}", "День: {n}", "Возвращение: {n}", "Моя {n}", "Без {n}"),
        _split("Северное Сияние, Заря, Белый Медведь, Красная Нить, Жар Птица"),
        _split("Фильм, Студия, Медиа"),
        _split("Новое, Разобрать, Архив"),
    ),
    "el": Language(
        "el_GR",
        _split(
            "Θάλασσα, Βουνό, Ψωμί, Χορός, Μουσική, Συνέντευξη, Νύχτα, Πρωί, Γέφυρα, Τρένο, Παιδιά, Χιόνι, Αγορά, Κήπος,"
            " Σκάκι"
        ),
        _split("Μικρή, Μεγάλη, Παλιά, Τελευταία"),
        ("{a} {n}", "{n} και {n}", "Μια μέρα: {n}", "Επιστροφή: {n}"),
        _split("Αιγαίο, Χρυσή Αυγούλα, Γλάρος, Όλυμπος"),
        _split("Φιλμ, Στούντιο, Μέσα"),
        _split("Νέα, Διάφορα"),
    ),
    "ja": Language(
        "ja_JP",
        _split("海, 山, 桜, 料理, 音楽, 祭り, 電車, 雪, 夜, 朝, 練習, 舞台, 猫, 庭, インタビュー, ダンス, ケーキ"),
        _split("小さな, 静かな, 古い, 最後の"),
        ("{a}{n}", "{n}と{n}", "{n}の一日", "私の{n}", "{n}へ帰る"),
        _split("青空, 東雲, 富士見, スタジオ白, 銀河"),
        _split("映画, 映像, スタジオ"),
        _split("新着, 未整理"),
        joined=True,
    ),
    "zh": Language(
        "zh_CN",
        _split("大海, 高山, 音乐, 舞蹈, 采访, 夜晚, 早晨, 面包, 火车, 花园, 下雪, 市场, 象棋, 孩子, 排练"),
        _split("小小, 安静的, 古老的, 最后的"),
        ("{a}{n}", "{n}和{n}", "{n}的一天", "我的{n}", "回到{n}"),
        _split("北极光, 长河, 红叶, 云海"),
        _split("影业, 工作室, 传媒"),
        _split("新, 未整理"),
        joined=True,
    ),
    "ko": Language(
        "ko_KR",
        _split("바다, 음악, 인터뷰, 아침, 기차, 정원, 시장, 아이들, 연습, 빵집, 겨울, 요리, 고양이"),
        _split("작은, 조용한, 오래된, 마지막"),
        ("{a} {n}", "{n}와 {n}", "{n}의 하루", "나의 {n}"),
        _split("푸른하늘, 한강, 은하수, 무지개"),
        _split("영화, 스튜디오, 미디어"),
        _split("새것, 정리안됨"),
        joined=True,
    ),
    "vi": Language(
        "vi_VN",
        _split("Biển, Núi, Âm Nhạc, Phỏng Vấn, Đêm, Bánh Mì, Chợ, Trẻ Em, Mưa, Cà Phê, Đường Phố, Cầu, Vườn, Múa"),
        _split("Nhỏ, Cũ, Cuối, Lớn"),
        ("{n} {a}", "{n} và {n}", "Một ngày {n}", "Trở lại {n}"),
        _split("Hoa Sen, Sông Hồng, Bình Minh, Đồng Xanh"),
        _split("Phim, Truyền Thông, Studio"),
        _split("Mới, Chưa xếp"),
    ),
}  # fmt: skip
