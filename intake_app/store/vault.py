"""The keys of a vault and their one file, `vault.keys`. Nothing here opens the database.

    vault key, 32 random bytes, never stored in clear
      HKDF-SHA256 -> database "db/v1/"+vault_id, audit "audit/v1", file "file/v1", header "hdr/v1"
    each person   password -> Argon2id -> AES-256-GCM over two private keys
                  X25519: the vault key is sealed to it (HPKE); P-256: signs
    recovery key  160 random bits on paper -> HKDF-SHA256 -> AES-256-GCM over the vault key

`vault.keys` is canonical JSON. Its checksum tells damage from a wrong password before anyone
types one; whoever edits the file can compute it anew. The MAC needs the vault key, so it finds
every edit by an outsider, but only after unlocking. What one person seals is bound to the vault,
the person and the name, so that not even a colleague can move it.

What this does not do: an earlier `vault.keys` put back whole passes every check, so whoever
kept one and knows a password of that day can still open it; and one process writes at a time,
which the app's lock file sees to.
"""

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from intake_app.core.errors import IntakeError, Unsaved
from intake_app.core.words import _
from intake_app.store.files import replace_file

FILE_NAME = "vault.keys"
VERSION = 1
SLOT_VERSION = 1


class WrongPassword(IntakeError):
    """Says the same for an unknown name, so that nobody can try out who works here."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This name and password do not open the vault. Nothing was changed; "
                "check both and try again."
            )
        )


class NotAVault(IntakeError):
    def __init__(self, folder_name: str) -> None:
        template = _(
            "The folder {folder} holds no {file} that can be read. "
            "Nothing was changed; choose the vault's folder."
        )
        super().__init__(template.format(folder=folder_name, file=FILE_NAME))


class VaultExists(IntakeError):
    def __init__(self, folder_name: str) -> None:
        template = _(
            "The folder {folder} already holds a vault. "
            "Nothing was changed; choose an empty folder."
        )
        super().__init__(template.format(folder=folder_name))


class DamagedKeys(IntakeError):
    """`place` says what does not fit, in words for the `verify` command."""

    def __init__(self, place: str) -> None:
        template = _(
            "{file} is damaged or was altered: {place}. The records were not touched; "
            "restore {file} from the newest backup."
        )
        super().__init__(template.format(file=FILE_NAME, place=place))
        self.place = place


class NewerVault(IntakeError):
    def __init__(self, version: int) -> None:
        template = _(
            "A newer version of this app wrote the vault (format {found}, this one reads "
            "{known}). Nothing was changed; install the newer version."
        )
        super().__init__(template.format(found=version, known=VERSION))


class NotSaved(Unsaved):
    def __init__(self) -> None:
        template = _(
            "{file} could not be saved for certain. The earlier one or the new one is "
            "whole and in place; make room on the disk and try again."
        )
        super().__init__(template.format(file=FILE_NAME))


class NameTaken(IntakeError):
    def __init__(self, name: str) -> None:
        template = _(
            "Someone named {name} already has a place in this vault. "
            "Nothing was changed; add an initial or a middle name."
        )
        super().__init__(template.format(name=name))


class NothingTyped(IntakeError):
    def __init__(self, what: str) -> None:
        template = _("The {what} is empty. Nothing was changed; type one.")
        super().__init__(template.format(what=what))


class MistypedRecoveryKey(IntakeError):
    """Found without the vault, by length, alphabet and check characters."""

    def __init__(self, problem: str) -> None:
        template = _(
            "{problem}. Nothing was changed; compare each group with the paper and try again."
        )
        super().__init__(template.format(problem=problem))


class WrongRecoveryKey(IntakeError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "This recovery key has no typing mistake, but it does not open this vault. "
                "Nothing was changed; look for the paper of this vault."
            )
        )


@dataclass(frozen=True)
class KdfParams:
    """What one guess at a password costs: Argon2id's memory in KiB, passes over it, lanes."""

    memory_kib: int
    iterations: int
    lanes: int


# Twice the memory of RFC 9106 section 4, second recommended option; 337 ms measured.
DEFAULT_KDF = KdfParams(memory_kib=128 * 1024, iterations=3, lanes=4)
# RFC 9106 section 4, second recommended option, for memory and passes. Editing the file to less
# opens nothing even without this floor: the parameters decide the key and are authenticated with
# what it seals. The floor stops the app from accepting a file that was made weak. A test that
# needs speed sets it lower, together with the `kdf` that it passes to `create` and `add_staff`.
FLOOR = KdfParams(memory_kib=64 * 1024, iterations=3, lanes=1)
# Our choice: eight times the memory and five times the passes, 17 s measured on two cores. An
# edited file that asks for more would only hang the app or take all the memory.
CEILING = KdfParams(memory_kib=1024 * 1024, iterations=16, lanes=16)

_KEY_BYTES = 32  # AES-256, X25519, P-256, HMAC-SHA256
_SALT_BYTES = 16  # RFC 9106 section 3.1: 16 bytes for password hashing
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.3: random, and far fewer than 2^32 uses a key
_TAG_BYTES = 16
_RECOVERY_BYTES = 20  # 160 random bits: beyond guessing, hence no Argon2id
_LARGEST_FILE = 1024 * 1024  # some 800 people

_CURVE = ec.SECP256R1()
_ECDSA = ec.ECDSA(hashes.SHA256())
# RFC 9180 section 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode.
_HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

# What a slot holds as hex, and its length in bytes.
_SLOT_BYTES = {
    "salt": _SALT_BYTES,
    "box_public": _KEY_BYTES,
    "sign_public": 1 + 2 * _KEY_BYTES,
    "private_keys": _NONCE_BYTES + 2 * _KEY_BYTES + _TAG_BYTES,
    "vault_key": _KEY_BYTES + _KEY_BYTES + _TAG_BYTES,
}
_RECOVERY_SEALED = _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


@dataclass(frozen=True)
class NewStaff:
    staff_id: str
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """An open vault: its key and what is derived from it, 32 bytes each."""

    vault_id: str
    vault_key: bytes = field(repr=False)
    database: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    file: bytes = field(repr=False)
    header: bytes = field(repr=False)


@dataclass(frozen=True)
class Pen:
    """Signs entries of the trail for as long as one person is at work: a key pair of this
    unlocking alone, vouched for by the person's own, which is dropped again. Whoever holds the
    vault key can chain entries anew, but has no pen of somebody else."""

    voucher: str
    proof: bytes = field(repr=False)
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, message: bytes) -> str:
        """Everything that `pen_signed` needs, as JSON."""
        signed = {"proof": self.proof.hex(), "signature": sign(self._key, message).hex()}
        return _text_of({**signed, "voucher": self.voucher})


@dataclass(frozen=True)
class Unlocked:
    staff_id: str
    name: str
    keys: Keys
    pen: Pen | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Slot:
    """One person's place in the file. The public keys are raw X25519 and an X9.62 point."""

    staff_id: str
    name: str
    kdf: KdfParams
    salt: bytes = field(repr=False)
    box_public: bytes = field(repr=False)
    sign_public: bytes = field(repr=False)
    private_keys: bytes = field(repr=False)
    vault_key: bytes = field(repr=False)


@dataclass(frozen=True)
class VaultKeys:
    """What `vault.keys` says before anyone has unlocked it: well formed, not yet proven."""

    vault_id: str
    slots: tuple[Slot, ...]
    recovery: bytes = field(repr=False)
    mac: bytes = field(repr=False)

    @property
    def staff(self) -> tuple[tuple[str, str], ...]:
        """(staff_id, name) in the order of joining."""
        return tuple((slot.staff_id, slot.name) for slot in self.slots)

    @property
    def signing_keys(self) -> Mapping[str, bytes]:
        """staff_id -> public key for `verify`: an uncompressed P-256 point, 65 bytes."""
        return {slot.staff_id: slot.sign_public for slot in self.slots}


@dataclass(frozen=True)
class _Private:
    box: X25519PrivateKey = field(repr=False)
    sign: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True)
class _Opened:
    file: VaultKeys
    slot: Slot
    private: _Private
    keys: Keys


# What the app does with a vault.


def create(folder: Path, people: Sequence[NewStaff]) -> tuple[Keys, str]:
    """Start a vault for at least one person. The recovery key is given this once and not kept."""
    if os.path.lexists(folder / FILE_NAME):
        raise VaultExists(folder.name)
    keys = _derived(str(uuid4()), secrets.token_bytes(_KEY_BYTES))
    file, recovery_key = with_recovery(VaultKeys(keys.vault_id, (), b"", mac=b""), keys)
    for person in people:
        file = _with_staff(file, keys, person)
    save(folder, sealed(file, keys))
    return keys, recovery_key


def read(folder: Path) -> VaultKeys:
    """Raises NotAVault, DamagedKeys or NewerVault, and nothing else."""
    try:
        with open(folder / FILE_NAME, "rb") as file:
            return parse(file.read(_LARGEST_FILE + 1))
    except OSError:
        raise NotAVault(folder.name) from None


def unlock(folder: Path, name: str, password: str) -> Unlocked:
    """Takes as long for an unknown name as for a wrong password, about 0.3 s."""
    opened = _open(folder, name, password)
    who = opened.slot.staff_id
    pen = _pen(opened.keys.vault_id, who, opened.private.sign)
    return Unlocked(who, opened.slot.name, opened.keys, pen)


def proven(folder: Path, keys: Keys) -> VaultKeys:
    """What `vault.keys` says, proven by the vault's own key; changed by the functions below."""
    file = read(folder)
    _check_mac(file, keys)
    return file


def sealed(file: VaultKeys, keys: Keys) -> bytes:
    """A changed file as bytes, for `save`."""
    return _written(replace(file, mac=_mac(file, keys)))


def without(file: VaultKeys, staff_id: str) -> VaultKeys:
    return replace(file, slots=tuple(s for s in file.slots if s.staff_id != staff_id))


def slot_of(file: VaultKeys, staff_id: str) -> Slot | None:
    return next((slot for slot in file.slots if slot.staff_id == staff_id), None)


def with_slot(file: VaultKeys, keys: Keys, slot: Slot) -> VaultKeys:
    """A slot in place of the person's own, or at the end; the vault key is sealed to it anew."""
    slot = _given_the_key(slot, keys)
    if slot_of(file, slot.staff_id) is None:
        if _find(file, slot.name):
            raise NameTaken(slot.name)
        return replace(file, slots=(*file.slots, slot))
    slots = tuple(slot if s.staff_id == slot.staff_id else s for s in file.slots)
    return replace(file, slots=slots)


def new_slot(keys: Keys, person: NewStaff) -> Slot:
    """New key pairs under this password."""
    name = _one_spelling(person.name)
    if not name:
        raise NothingTyped(_("name"))
    if not person.password:
        raise NothingTyped(_("password"))
    private = _Private(X25519PrivateKey.generate(), ec.generate_private_key(_CURVE))
    box_public, sign_public = _public(private)
    slot = Slot(person.staff_id, name, DEFAULT_KDF, b"", box_public, sign_public, b"", b"")
    return _given_the_key(_locked(keys.vault_id, slot, private, person.password), keys)


def with_password(folder: Path, name: str, old: str, new: str) -> bytes:
    """The file as it will be with this person's private keys under another password; nothing else
    in it changes, and the database not at all."""
    if not new:
        raise NothingTyped(_("new password"))
    opened = _open(folder, name, old)
    changed = _locked(opened.file.vault_id, opened.slot, opened.private, new)
    slots = tuple(changed if slot is opened.slot else slot for slot in opened.file.slots)
    return sealed(replace(opened.file, slots=slots), opened.keys)


def with_recovery(file: VaultKeys, keys: Keys) -> tuple[VaultKeys, str]:
    """A new recovery key, given this once and not kept; the earlier one opens nothing any more."""
    secret = secrets.token_bytes(_RECOVERY_BYTES)
    recovery = _seal(_recovery_kek(secret, keys.vault_id), keys.vault_key, b"")
    return replace(file, recovery=recovery), _spelled_recovery_key(secret)


def rotated(file: VaultKeys) -> tuple[VaultKeys, Keys, str]:
    """A new vault key, sealed to everybody who has a slot: nobody's password is needed. The paper
    is needed, and so there is a new one."""
    keys = _derived(file.vault_id, secrets.token_bytes(_KEY_BYTES))
    file = replace(file, slots=tuple(_given_the_key(slot, keys) for slot in file.slots))
    file, recovery_key = with_recovery(file, keys)
    return file, keys, recovery_key


def with_staff(
    folder: Path,
    keys: Keys,
    person: NewStaff,
    known: Collection[str] | None = None,
) -> bytes:
    """The file as it will be with one more person. The staff_id must be new.

    Whoever is not among `known` has no row in the records: a crash came between, and their place
    is given up, so that they can be added again.
    """
    file = proven(folder, keys)
    if known is not None:
        file = replace(file, slots=tuple(s for s in file.slots if s.staff_id in known))
    return sealed(_with_staff(file, keys, person), keys)


def save(folder: Path, data: bytes) -> None:
    """Replace the file by what `with_staff` gave."""
    parse(data)  # a good file is never replaced by one that would not be read
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        replace_file(folder / FILE_NAME, data, sync_folder=True)
    except OSError as problem:
        raise NotSaved from problem


def add_staff(folder: Path, keys: Keys, person: NewStaff) -> None:
    """Needs an open vault and nobody else's password. The staff_id must be new."""
    save(folder, with_staff(folder, keys, person))


def change_password(folder: Path, name: str, old: str, new: str) -> None:
    save(folder, with_password(folder, name, old, new))


def recover(folder: Path, recovery_key: str) -> Keys:
    """Open the vault with the paper alone; the caller writes it to the audit trail."""
    secret = parse_recovery_key(recovery_key)
    file = read(folder)
    try:
        vault_key = _unseal(_recovery_kek(secret, file.vault_id), file.recovery, b"")
    except InvalidTag:
        raise WrongRecoveryKey from None
    return _proven_keys(file, vault_key)


def check(data: bytes, keys: Keys) -> None:
    """Prove a copy of `vault.keys`; DamagedKeys names the first place that does not fit."""
    _check_mac(parse(data), keys)


# Signing.


SigningKey = ec.EllipticCurvePrivateKey


def signing_key(folder: Path, name: str, password: str) -> ec.EllipticCurvePrivateKey:
    """For one signature: drop it afterwards, so that each signature asks for the password."""
    return _open(folder, name, password).private.sign


def sign(private: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """ECDSA over SHA-256, DER; differs each time."""
    return private.sign(message, _ECDSA)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """False also for a public key that is none. `public` is one of `VaultKeys.signing_keys`."""
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
        point.verify(signature, message, _ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


def pen_of(keys: Keys, slot: Slot, password: str) -> Pen:
    """Of somebody whose place is made just now. Raises WrongPassword."""
    return _pen(keys.vault_id, slot.staff_id, _private_keys(keys.vault_id, slot, password).sign)


def _pen(vault_id: str, staff_id: str, owner: SigningKey) -> Pen:
    key = ec.generate_private_key(_CURVE)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    vouched = {"staff": staff_id, "vault": vault_id, "public": public.hex()}
    voucher = _text_of({**vouched, "meaning": _PEN_MEANING})
    return Pen(voucher, sign(owner, voucher.encode()), key)


_PEN_MEANING = "signs entries while this person is at work"
Owns = Callable[[bytes, bytes], bool]


def pen_signed(given: str, message: bytes, who: tuple[str, str], owns: Owns) -> bool:
    """Whether a pen of `who` (vault_id, staff_id) signed the message. `owns(voucher, proof)` says
    whether the person's own key made the proof. Total."""
    try:
        signed = json.loads(given)
        voucher, proof = signed["voucher"], bytes.fromhex(signed["proof"])
        vouched = json.loads(voucher)
        expected = {"vault": who[0], "staff": who[1], "meaning": _PEN_MEANING}
        public = vouched["public"]
        return (
            given == _text_of(signed)
            and vouched == {**expected, "public": public}
            and owns(voucher.encode(), proof)
            and verify(bytes.fromhex(public), message, bytes.fromhex(signed["signature"]))
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


# The recovery key as letters.

# Crockford's base32: no I, L, O, U. Read back, I and L are 1, and O is 0.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AS_DIGITS = str.maketrans(_ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")
_AS_WRITTEN = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None})
_KEY_LETTERS = 36
# The last four of the 36 are the number modulo the largest prime below 32^4. One wrong character
# adds d * 32^k and two swapped neighbours d * 31 * 32^k (across the seam d * 32769), |d| < 32:
# never a multiple of the prime, so every one is found. Other mistakes pass once in a million.
_CHECK_PRIME = 32**4 - 3


def parse_recovery_key(written: str) -> bytes:
    """The 20 secret bytes, from any case and spacing, or MistypedRecoveryKey."""
    letters = "".join(written.upper().split()).translate(_AS_WRITTEN)
    if len(letters) != _KEY_LETTERS:
        template = _("A recovery key has {needed} letters and digits, this one has {found}")
        raise MistypedRecoveryKey(template.format(needed=_KEY_LETTERS, found=len(letters)))
    if not set(letters) <= set(_ALPHABET):
        raise MistypedRecoveryKey(_("A character was typed that no recovery key has"))
    number, written_check = divmod(int(letters.translate(_AS_DIGITS), 32), 32**4)
    if number % _CHECK_PRIME != written_check:
        raise MistypedRecoveryKey(_("A character of the recovery key is mistyped"))
    return number.to_bytes(_RECOVERY_BYTES, "big")


def _spelled_recovery_key(secret: bytes) -> str:
    number = int.from_bytes(secret, "big")
    whole = number * 32**4 + number % _CHECK_PRIME
    letters = "".join(_ALPHABET[whole >> 5 * at & 31] for at in reversed(range(_KEY_LETTERS)))
    return "-".join(letters[at : at + 4] for at in range(0, _KEY_LETTERS, 4))


# A one-time code, by which somebody chooses a new password: 80 random bits behind Argon2id.
_CODE_LETTERS = 16


def new_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _unused in range(_CODE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, _CODE_LETTERS, 4))


def code_as_password(written: str) -> str:
    """The same for every case and spacing in which a code is typed."""
    return "".join(written.upper().split()).translate(_AS_WRITTEN)


def _recovery_kek(secret: bytes, vault_id: str) -> bytes:
    return _hkdf(secret, "recovery/v1/" + vault_id)


# Sealing and opening.


def _hkdf(secret: bytes, info: str) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=info.encode("utf-8")).derive(secret)


def _derived(vault_id: str, vault_key: bytes) -> Keys:
    return Keys(
        vault_id,
        vault_key,
        database=_hkdf(vault_key, "db/v1/" + vault_id),
        audit=_hkdf(vault_key, "audit/v1"),
        file=_hkdf(vault_key, "file/v1"),
        header=_hkdf(vault_key, "hdr/v1"),
    )


def _seal(key: bytes, secret: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, bound_to)


def _unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Raises InvalidTag."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)


def _kek(password: str, salt: bytes, kdf: KdfParams) -> bytes:
    # NFKC: the same password from another keyboard or system (NIST SP 800-63B-4 section 3.1.1.2).
    # surrogatepass: half a character, as some input methods give it, is a wrong password, no bug.
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return Argon2id(
        salt=salt,
        length=_KEY_BYTES,
        iterations=kdf.iterations,
        lanes=kdf.lanes,
        memory_cost=kdf.memory_kib,
    ).derive(typed)


def _slot_binding(vault_id: str, slot: Slot) -> bytes:
    return _canonical([vault_id, slot.staff_id, SLOT_VERSION, asdict(slot.kdf), slot.name])


def _vault_key_binding(vault_id: str, staff_id: str) -> bytes:
    return _canonical(["vault key", vault_id, staff_id])


def _pack(private: _Private) -> bytes:
    number = private.sign.private_numbers().private_value
    return private.box.private_bytes_raw() + number.to_bytes(_KEY_BYTES, "big")


def _unpack(secret: bytes) -> _Private:
    number = int.from_bytes(secret[_KEY_BYTES:], "big")
    box = X25519PrivateKey.from_private_bytes(secret[:_KEY_BYTES])
    return _Private(box, ec.derive_private_key(number, _CURVE))


def _public(private: _Private) -> tuple[bytes, bytes]:
    point = private.sign.public_key()
    return (
        private.box.public_key().public_bytes_raw(),
        point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    )


def _locked(vault_id: str, slot: Slot, private: _Private, password: str) -> Slot:
    """The slot with its private keys under this password, and a salt never used before."""
    salt = secrets.token_bytes(_SALT_BYTES)
    kek = _kek(password, salt, slot.kdf)
    sealed = _seal(kek, _pack(private), _slot_binding(vault_id, slot))
    return replace(slot, salt=salt, private_keys=sealed)


def _given_the_key(slot: Slot, keys: Keys) -> Slot:
    sealed_key = _HPKE.encrypt(
        keys.vault_key,
        X25519PublicKey.from_public_bytes(slot.box_public),
        _vault_key_binding(keys.vault_id, slot.staff_id),
    )
    return replace(slot, vault_key=sealed_key)


def _with_staff(file: VaultKeys, keys: Keys, person: NewStaff) -> VaultKeys:
    slot = new_slot(keys, person)
    if _find(file, slot.name):
        raise NameTaken(slot.name)
    if slot_of(file, slot.staff_id):
        raise ValueError("this staff_id has a slot already")
    return replace(file, slots=(*file.slots, slot))


def _one_spelling(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def folded(name: str) -> str:
    """The same for all spellings of a name that open the same slot."""
    return _one_spelling(_one_spelling(name).casefold())


def _find(file: VaultKeys, name: str) -> Slot | None:
    return next((slot for slot in file.slots if folded(slot.name) == folded(name)), None)


def _open(folder: Path, name: str, password: str) -> _Opened:
    file = read(folder)
    slot, private = _open_slot(file, name, password)
    place = _staff_entry(file.slots.index(slot) + 1)
    # A colleague who holds the vault key could put a public key of their own here and sign it in.
    if _public(private) != (slot.box_public, slot.sign_public):
        raise DamagedKeys(_("the public keys of {place}").format(place=place))
    bound_to = _vault_key_binding(file.vault_id, slot.staff_id)
    try:
        vault_key = _HPKE.decrypt(slot.vault_key, private.box, bound_to)
    except InvalidTag:
        raise DamagedKeys(_("the sealed vault key of {place}").format(place=place)) from None
    return _Opened(file, slot, private, _proven_keys(file, vault_key))


def _staff_entry(number: int) -> str:
    return _("staff entry {number}").format(number=number)


def _open_slot(file: VaultKeys, name: str, password: str) -> tuple[Slot, _Private]:
    found = _find(file, name)
    slot = found or file.slots[0]  # an unknown name costs one Argon2id run too
    private = _private_keys(file.vault_id, slot, password)
    if not found:
        raise WrongPassword
    return slot, private


def _private_keys(vault_id: str, slot: Slot, password: str) -> _Private:
    kek = _kek(password, slot.salt, slot.kdf)
    try:
        return _unpack(_unseal(kek, slot.private_keys, _slot_binding(vault_id, slot)))
    except InvalidTag:
        raise WrongPassword from None


def _proven_keys(file: VaultKeys, vault_key: bytes) -> Keys:
    keys = _derived(file.vault_id, vault_key)
    _check_mac(file, keys)
    return keys


def _check_mac(file: VaultKeys, keys: Keys) -> None:
    if not hmac.compare_digest(file.mac, _mac(file, keys)):
        raise DamagedKeys(_("its authentication code does not fit this vault's key"))


def _mac(file: VaultKeys, keys: Keys) -> bytes:
    return hmac.digest(keys.header, _canonical(_fields(file)), "sha256")


# The file as bytes, there and back.


def _canonical(value: Any) -> bytes:
    """One spelling for one value. Raises ValueError for NaN and infinity."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def _text_of(value: Any) -> str:
    return _canonical(value).decode("ascii").rstrip("\n")


def _fields(file: VaultKeys) -> dict[str, Any]:
    """Everything that the MAC covers."""
    return {
        "version": VERSION,
        "vault_id": file.vault_id,
        "staff": [_slot_fields(slot) for slot in file.slots],
        "recovery": file.recovery.hex(),
    }


def _slot_fields(slot: Slot) -> dict[str, Any]:
    sealed = {name: getattr(slot, name).hex() for name in _SLOT_BYTES}
    return {
        "version": SLOT_VERSION,
        "staff_id": slot.staff_id,
        "name": slot.name,
        "kdf": asdict(slot.kdf),
        **sealed,
    }


def slot_text(slot: Slot) -> str:
    """One slot, for the records to keep; without the vault key, which is sealed to it anew."""
    return _canonical({**_slot_fields(slot), "vault_key": ""}).decode("ascii")


def slot_from(text: str) -> Slot:
    raw = json.loads(text)
    empty = bytes(_SLOT_BYTES["vault_key"]).hex()
    return _slot(1, {**raw, "vault_key": empty})


def _written(file: VaultKeys) -> bytes:
    fields = {**_fields(file), "mac": file.mac.hex()}
    return _canonical({**fields, "checksum": _checksum(fields)})


def _checksum(fields: Mapping[str, Any]) -> str:
    """SHA-256 over all but itself. It and "version" keep their place in every later format."""
    rest = {name: value for name, value in fields.items() if name != "checksum"}
    return hashlib.sha256(_canonical(rest)).hexdigest()


def parse(data: bytes) -> VaultKeys:
    """Total: a value, or DamagedKeys or NewerVault, whatever the bytes are."""
    document = _document(data)
    version = document.get("version")
    if type(version) is int and version > VERSION:
        raise NewerVault(version)
    try:
        file = VaultKeys(
            vault_id=_text(document["vault_id"]),
            slots=_slots(document["staff"]),
            recovery=_hex(document["recovery"], _RECOVERY_SEALED),
            mac=_hex(document["mac"], _KEY_BYTES),
        )
    except (KeyError, TypeError, ValueError):
        raise DamagedKeys(_("an entry is missing or malformed")) from None
    # Whatever reading let pass: another spelling, a duplicate key, an entry or a version too many.
    if _written(file) != data:
        raise DamagedKeys(_("its bytes are not in canonical form"))
    return file


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > _LARGEST_FILE:
        raise DamagedKeys(_("it is too large"))
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise ValueError
        checksum = _checksum(document)
    except (ValueError, RecursionError):
        raise DamagedKeys(_("it is no JSON object")) from None
    if document.get("checksum") != checksum:
        raise DamagedKeys(_("its checksum does not fit"))
    return document


def _slots(raw: Any) -> tuple[Slot, ...]:
    if not raw:
        raise ValueError
    return tuple(_slot(place, entry) for place, entry in enumerate(raw, start=1))


def _slot(place: int, raw: Any) -> Slot:
    try:
        sealed = {name: _hex(raw[name], size) for name, size in _SLOT_BYTES.items()}
        return Slot(_text(raw["staff_id"]), _text(raw["name"]), _kdf(raw["kdf"]), **sealed)
    except (KeyError, TypeError, ValueError):
        raise DamagedKeys(_staff_entry(place)) from None


def _kdf(raw: Any) -> KdfParams:
    kdf = KdfParams(**raw)
    for found, least, most in zip(astuple(kdf), astuple(FLOOR), astuple(CEILING), strict=True):
        if type(found) is not int or not least <= found <= most:
            raise ValueError
    return kdf


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw:
        raise ValueError
    return raw


def _hex(raw: Any, size: int) -> bytes:
    found = bytes.fromhex(raw)
    if len(found) != size:
        raise ValueError
    return found
