// Where the IP packet begins in a frame, for the link types that tcpdump writes (https://www.tcpdump.org/linktypes.html).

export const LINK = {
  null: 0,
  ethernet: 1,
  /** LINKTYPE_RAW, and what some systems wrote for it. */
  raw: 101,
  rawBsd: 12,
  rawOpenBsd: 14,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const MAX_TAGS = 4;
/** Address families of IPv6 differ between the systems that wrote the capture. */
const IPV6_FAMILIES: ReadonlySet<number> = new Set([10, 24, 28, 30]);
const IPV4_FAMILY = 2;

/** Offset of the IP header, -1 for a frame that holds none, undefined for a link type that is not known. */
export function ipOffset(link: number, frame: Buffer): number | undefined {
  switch (link) {
    case LINK.ethernet:
      return behindType(frame, 12);
    case LINK.linuxCooked:
      return behindType(frame, 14);
    case LINK.linuxCooked2: {
      // The type stands first; what follows it is 18 bytes more.
      const type = frame.length >= 20 ? frame.readUInt16BE(0) : 0;
      if (VLAN_TAGS.has(type)) return behindType(frame, 22);
      return type === IPV4 || type === IPV6 ? 20 : -1;
    }
    case LINK.null:
    case LINK.loop:
      return frame.length >= 4 && isIpFamily(frame) ? 4 : -1;
    case LINK.raw:
    case LINK.rawBsd:
    case LINK.rawOpenBsd:
    case LINK.ipv4:
    case LINK.ipv6:
      return 0;
    default:
      return undefined;
  }
}

/** Skips VLAN tags: two bytes of tag, then the next type. */
function behindType(frame: Buffer, typeAt: number): number {
  let at = typeAt;
  for (let tags = 0; tags <= MAX_TAGS && at + 2 <= frame.length; tags++) {
    const type = frame.readUInt16BE(at);
    if (type === IPV4 || type === IPV6) return at + 2;
    if (!VLAN_TAGS.has(type)) return -1;
    at += 4;
  }
  return -1;
}

/** LINKTYPE_NULL is in the byte order of the machine that wrote it, whichever that was. */
function isIpFamily(frame: Buffer): boolean {
  const families = [frame.readUInt32LE(0), frame.readUInt32BE(0)];
  return families.some((family) => family === IPV4_FAMILY || IPV6_FAMILIES.has(family));
}
