"""The conversations of the day. Each function tells some; numbers are minutes ago, so the day is over now."""

from __future__ import annotations

from bot.store.reminders import Reminder
from bot.store.work import now_ms
from tools.demo_day.chat import Chat, World

# Whose conversation the pictures show: it has everything.
MAIN_CUSTOMER = "Anna de Vries"
HOUR = 60
DAY = 24 * HOUR


async def tell(world: World) -> Chat:
    """All of them, the oldest first; returns the conversation that shows the most."""
    await _earlier(world)
    await _answered_by_the_assistant(world)
    await _closed_today(world)
    await _put_aside(world)
    await _with_colleagues(world)
    await _waiting(world)
    await _small_ones_of_sanne(world)
    return await _anna(world)


async def _earlier(world: World) -> None:
    """Two weeks in which Anna and another customer complained already."""
    anna = Chat(world, "widget", "4b1e", MAIN_CUSTOMER, "klant-20417", "anna@voorbeeld.nl")
    await anna.asks(
        12 * DAY,
        "mijn bestelling 7304118 had er gisteren moeten zijn, waar blijft hij?",
        "faq_bestelstatus",
        0.93,
        order_number="7304118",
    )
    await anna.answer(12 * DAY)
    await anna.asks(
        12 * DAY - 2, "dat klopt niet, ik ben de hele dag thuis geweest. Dit is een klacht!", "klacht", 0.91
    )
    await anna.hand_over(12 * DAY - 2, "complaint", "high")
    await anna.take(12 * DAY - 9, "daan")
    await anna.reply(
        12 * DAY - 11, "daan", "Wat vervelend, Anna. De bezorger had je adres niet. Morgen voor 12 uur is hij er."
    )
    await anna.close(12 * DAY - 30, "daan")
    await anna.presses(12 * DAY - 31, "/beoordeling_2", "2")

    again = Chat(world, "widget", "7c02", MAIN_CUSTOMER, "klant-20417", "anna@voorbeeld.nl")
    await again.asks(
        5 * DAY, "er zit een barst in de lamp die ik van jullie kreeg", "faq_pakket_beschadigd", 0.88, product="lamp"
    )
    await again.answer(5 * DAY)
    await again.asks(5 * DAY - 3, "ik wil hier een klacht over indienen, dit is al de tweede keer", "klacht", 0.94)
    await again.hand_over(5 * DAY - 3, "complaint", "high")
    await again.take(5 * DAY - 12, "sanne")
    await again.reply(
        5 * DAY - 14, "sanne", "Sorry Anna, dat hoort niet. Ik stuur je vandaag een nieuwe lamp, 7304992."
    )
    await again.close(5 * DAY - 40, "sanne")
    await again.presses(5 * DAY - 41, "/beoordeling_4", "4")
    await again.label("kapot geleverd")


async def _answered_by_the_assistant(world: World) -> None:
    """What nobody at the desk had to do, but for the one whom it did not help."""
    for ago, who, text, intent, sure, helped in (
        (190, "bezoeker-1", "hoe laat zijn jullie open op zondag?", "faq_openingstijden", 0.97, "ja"),
        (140, "bezoeker-2", "kan ik ook achteraf betalen", "faq_achteraf_betalen", 0.95, "ja"),
        (73, "bezoeker-3", "wat kost terugsturen?", "faq_retourkosten", 0.98, ""),
        (22, "bezoeker-4", "hebben jullie die blauwe stoel nog", "faq_voorraad", 0.86, "nee"),
        (4, "bezoeker-5", "ben mn wachtwoord kwijt", "faq_wachtwoord", 0.96, ""),
    ):
        chat = Chat(world, "widget", who)
        await chat.asks(ago, text, intent, sure)
        await chat.answer(ago)
        if helped:
            await chat.presses(ago - 3, f"/geholpen_{helped}", "Ja" if helped == "ja" else "Nee")


async def _closed_today(world: World) -> None:
    for ago, who, name, text, agent, said, why in (
        (
            300,
            "k-1",
            "Kees Bakker",
            "mijn cadeaubon werkt niet bij het afrekenen",
            "fatima",
            "De bon stond nog niet aan. Nu wel, probeer het maar.",
            "solved 5",
        ),
        (
            240,
            "k-2",
            "Ilse Smit",
            "kan de kast ook op zolder gezet worden?",
            "sanne",
            "Dat kan: kies bij het bestellen voor ‘tot in de kamer’.",
            "solved 4",
        ),
        (
            205,
            "k-3",
            "Mo Yilmaz",
            "is de bezorger al onderweg naar 1093?",
            "daan",
            "Ja, hij is er tussen 14 en 16 uur.",
            "no_reply",
        ),
        (
            150,
            "k-4",
            "Bert de Wit",
            "ik heb dit ook al gemaild",
            "sanne",
            "Dan ga ik verder in je mail, Bert.",
            "elsewhere",
        ),
    ):
        chat = Chat(world, "widget", who, name, f"klant-{who}")
        await chat.asks(ago, text)
        await chat.hand_over(ago)
        await chat.take(ago - 6, agent)
        await chat.reply(ago - 8, agent, said)
        reason, _, rating = why.partition(" ")
        await chat.close(ago - 25, agent, reason)
        if rating:
            await chat.presses(ago - 26, f"/beoordeling_{rating}", rating)


async def _put_aside(world: World) -> None:
    for ago, who, name, text, said, minutes in (
        (
            170,
            "s-1",
            "Greetje Mulder",
            "kan iemand mij bellen over de montage?",
            "Ik bel je vanmiddag om drie uur, Greetje.",
            4 * HOUR,
        ),
        (
            125,
            "s-2",
            "Tim van Dijk",
            "wanneer krijg ik mijn geld terug van 7311250",
            "De bank heeft het morgen. Ik kijk het dan na.",
            22 * HOUR,
        ),
    ):
        chat = Chat(world, "widget", who, name, f"klant-{who}")
        await chat.asks(ago, text)
        await chat.hand_over(ago)
        await chat.take(ago - 5, "sanne")
        await chat.reply(ago - 7, "sanne", said)
        await chat.put_aside(ago - 8, "sanne", minutes)


async def _with_colleagues(world: World) -> None:
    for ago, channel, who, name, text, agent, said in (
        (
            95,
            "widget",
            "c-1",
            "Nadia El Amrani",
            "de verkeerde kleur gekregen, groen ipv grijs",
            "daan",
            "Ik stuur je een label om hem terug te sturen.",
        ),
        (
            64,
            "rest",
            "c-2",
            "",
            "mijn pakket staat al 3 dagen op ‘gesorteerd’",
            "fatima",
            "Ik vraag het na bij de vervoerder.",
        ),
        (
            50,
            "widget",
            "c-3",
            "Stichting De Linde",
            "wij willen 40 stoelen bestellen, kan dat op rekening?",
            "joris",
            "Dat kan. Ik maak een offerte voor je.",
        ),
        (31, "widget", "c-4", "Ruben Post", "mag de hond mee in de winkel?", "daan", "Zeker, als hij aan de lijn is."),
    ):
        chat = Chat(world, channel, who, name, f"klant-{who}" if name else "")
        await chat.asks(ago, text, "faq_zakelijk" if agent == "joris" else "nlu_fallback", 0.55)
        await chat.hand_over(ago)
        await chat.take(ago - 6, agent)
        await chat.reply(ago - 9, agent, said)
        if agent == "joris":
            await chat.label("grote bestelling")


async def _waiting(world: World) -> None:
    """Red, orange and green; one is of somebody with many followers."""
    bloem = Chat(world, "widget", "w-1", "Yasmin Bloem", "klant-31877", "yasmin@voorbeeld.nl")
    await bloem.asks(38, "mijn tafel kwam met een kras binnen. Ik film het uitpakken voor mijn kanaal…", "klacht", 0.9)
    await bloem.hand_over(38, "complaint", "high")
    await bloem.label("kapot geleverd")
    await _list(world, bloem, "influencer")

    for ago, who, name, text, intent, reason, priority in (
        (26, "w-2", "Henk Jansen", "ik wil gewoon een mens spreken", "medewerker_spreken", "asked_for_human", "normal"),
        (
            11,
            "w-3",
            "Sophie Meijer",
            "heb 3 lampen besteld en er zaten er 2 in de doos??",
            "faq_verkeerd_product",
            "not_helped",
            "normal",
        ),
        (7, "w-4", "", "mijn kat zit vast in jullie lift", "nlu_fallback", "not_confident", "normal"),
        (
            5,
            "w-5",
            "Bouwbedrijf Kok bv",
            "graag een offerte voor 12 bureaus",
            "faq_zakelijk",
            "not_confident",
            "normal",
        ),
        (
            3,
            "w-6",
            "Lisa de Groot",
            "hebben jullie nog vakantiewerk voor mijn zoon?",
            "faq_vacatures",
            "not_confident",
            "low",
        ),
    ):
        chat = Chat(world, "widget", who, name, f"klant-{who}" if name else "")
        await chat.asks(ago, text, intent, 0.58)
        await chat.hand_over(ago, reason, priority)  # type: ignore[arg-type]


async def _small_ones_of_sanne(world: World) -> None:
    """What she does beside Anna."""
    for ago, who, name, text, said in (
        (
            44,
            "m-1",
            "Peter Visser",
            "de montagehandleiding mist bladzijde 4",
            "Ik stuur je de hele handleiding, Peter.",
        ),
        (
            29,
            "m-2",
            "Chantal Vos",
            "mag ik de bestelling nog veranderen? het adres klopt niet",
            "Tot vier uur kan dat. Wat is het goede adres?",
        ),
    ):
        chat = Chat(world, "widget", who, name, f"klant-{who}")
        await chat.asks(ago, text, "faq_montage" if who == "m-1" else "faq_bestelling_wijzigen", 0.61)
        await chat.hand_over(ago)
        await chat.take(ago - 4, "sanne")
        await chat.reply(ago - 6, "sanne", said)
    await chat.writes(2, "Lindelaan 12 in Zwolle, dank je!")


async def _anna(world: World) -> Chat:
    """Her third complaint: with notes, a colleague's help, and an answer that is still to be written."""
    chat = Chat(world, "widget", "90fd", MAIN_CUSTOMER, "klant-20417", "anna@voorbeeld.nl")
    await chat.asks(21, "Hoi! Waar is mijn bestelling 7312044?", "faq_bestelstatus", 0.96, order_number="7312044")
    await chat.answer(21)
    await chat.asks(
        18,
        "Daar staat alleen ‘onderweg’, al sinds maandag. Dit is nu de derde keer dat er iets misgaat.",
        "klacht",
        0.83,
    )
    await chat.hand_over(18, "complaint", "high")
    await chat.take(13, "sanne")
    await chat.reply(12, "sanne", "Dag Anna, dat is drie keer te veel. Ik zoek het nu uit bij de vervoerder.")
    await chat.note(10, "sanne", "@Daan jij had haar twee weken geleden. Ging dat ook om deze bezorger?")
    await chat.note(
        8, "daan", "Ja, dezelfde route. Ik heb het bij hen gemeld. Geef haar gerust de verzendkosten terug."
    )
    await chat.reply(
        6, "sanne", "De bezorger heeft je pakket, en komt morgen tussen 10 en 12 uur. Je verzendkosten krijg je terug."
    )
    message = await chat.writes(
        1, "Fijn, dank je. Kan ik het ook zelf ophalen in de winkel, en wat kost terugsturen als hij weer kapot is?"
    )
    await chat.understood(message, "faq_afhalen", 0.62, "faq_retourkosten", "faq_pakket_beschadigd")
    await chat.label("bezorging", "terugbetaling")
    await _list(world, chat, "vaste-klant")
    sanne = world.team["sanne"]
    conversation = await world.store.conversations.get(chat.id)
    await world.store.people.add_note(conversation, sanne, "Belt liever niet. Werkt in de zorg, is overdag vaak weg.")
    reminder = Reminder("sanne", chat.id, "Vraag Anna of het pakket er is", now_ms() + 26 * HOUR * 60_000, "sanne")
    await world.store.reminders.add(reminder)
    return chat


async def _list(world: World, chat: Chat, list_id: str) -> None:
    await world.store.people.set_lists(await world.store.conversations.get(chat.id), [list_id])
