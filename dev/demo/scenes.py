"""Who writes what to whom, and what the answer must hold. The texts fit examples/quickstart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A message and what its answer must hold."""

    says: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A conversation.

    Attributes:
        tenant: name of the Tenant.
        number: name of the BotNumber that is written to.
        channel: "WhatsApp" or "SMS".
        person: who writes.
        lines: what is said, in order.
    """

    tenant: str
    number: str
    channel: str
    person: str
    lines: tuple[Line, ...]


SCENES = (
    Scene(
        tenant="inmobiliaria-andes",
        number="inmobiliaria-andes",
        channel="WhatsApp",
        person="Lucía",
        lines=(
            Line("Hola, busco un alquiler en Brickell", "12 departamentos en alquiler"),
            Line("Prefiero hablar con una asesora", "Te paso con una persona de Inmobiliaria Andes"),
        ),
    ),
    Scene(
        tenant="inmobiliaria-andes",
        number="inmobiliaria-andes",
        channel="SMS",
        person="James",
        lines=(Line("Hi, I would like to rent an apartment, please", "12 apartments for rent"),),
    ),
    Scene(
        tenant="clinica-del-parque",
        number="clinica-del-parque",
        channel="WhatsApp",
        person="Martín",
        lines=(
            Line("Buenas tardes, necesito un turno", "Damos turnos de lunes a viernes"),
            Line("Para pediatría", "mañana a las 10:30"),
        ),
    ),
    Scene(
        tenant="muebles-del-sur",
        number="muebles-ventas",
        channel="WhatsApp",
        person="Sofía",
        lines=(
            Line("Hola! ¿Cuánto sale la mesa Pampa?", "Mesa Pampa: 189000 ARS, 4 en stock"),
            Line("¿Y tienen sillones?", "Sillón Patagonia: 412000 ARS, 1 en stock"),
            Line("¿El escritorio Austral lo tienen?", "Decime qué mueble buscás"),
        ),
    ),
    Scene(
        tenant="muebles-del-sur",
        number="muebles-postventa",
        channel="SMS",
        person="Diego",
        lines=(Line("Hola, me llegó una silla rota", "24 meses de garantía"),),
    ),
)
