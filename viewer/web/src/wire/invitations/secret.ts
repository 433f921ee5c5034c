/**
 * What is in an invitation's link, and how does it stay secret? The secret is not sent, only numbers derived from it.
 *
 * HMAC (RFC 2104) with SHA-256, and a hash of a password as Mosquitto keeps it (`$7$`, PBKDF2 with SHA-512): the same as
 * in `broker/accounts/invitation_secret.py` and `passwords.py`. Noble computes them, because a page over plain http has
 * no WebCrypto.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const SECRET_BYTES = 18;
const PASSWORD_BYTES = 24;
const SALT_BYTES = 12;
const ITERATIONS = 101; // Mosquitto's default: a random password of 192 bits is not guessed
const KEY_BYTES = 64;
const SECRET = /^[A-Za-z0-9_-]{24}$/;

export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** A new secret, 144 random bits. */
export function freshSecret(): string {
  return urlSafe(randomBytes(SECRET_BYTES));
}

/** A new password, 192 random bits. */
export function freshPassword(): string {
  return urlSafe(randomBytes(PASSWORD_BYTES));
}

/** What the invitation is looked up by. */
export function invitationId(secret: string): string {
  return derived(secret, "id").slice(0, 32);
}

/** What the keeper of accounts stores of the secret. */
export function invitationKey(secret: string): string {
  return derived(secret, "key");
}

/** What shows that a wish to join comes from somebody with the link. */
export function proofOf(key: string, passwordHash: string, name: string): string {
  return derived(key, `join ${passwordHash} ${name}`);
}

/** The code of authenticity of an answer. */
export function sealOf(key: string, answer: string): string {
  return derived(key, `answer ${answer}`);
}

/** The hash of a password. */
export function passwordHash(password: string, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  const key = pbkdf2(sha512, utf8ToBytes(password), salt, { c: ITERATIONS, dkLen: KEY_BYTES });
  return `$7$${ITERATIONS}$${base64(salt)}$${base64(key)}`;
}

function derived(key: string, what: string): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(key), utf8ToBytes(what)));
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function urlSafe(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}
