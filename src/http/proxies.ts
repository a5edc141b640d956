import { BlockList, isIPv6 } from 'node:net';

/** Whether a socket's other end is one of the proxies that are trusted: addresses and CIDR networks. */
export const createProxies = (trusted: readonly string[]): ((address: string | undefined) => boolean) => {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  // IPv4 through an IPv6 socket is ::ffff:a.b.c.d, which the list takes for the same.
  return (address) => address !== undefined && list.check(address, familyOf(address));
};

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** The network of an address, which a log may hold: /24 of IPv4, /48 of IPv6. A whole address is a person's. Null for a socket whose other
 * end has gone before anybody looked: it has no address any more, whatever types say. */
export const networkOf = (address: string | undefined): string | null => {
  if (address === undefined) return null;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!isIPv6(mapped)) return `${mapped.split('.').slice(0, 3).join('.')}.0/24`;
  const [head = ''] = mapped.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  return `${[...groups, '0', '0', '0'].slice(0, 3).join(':')}::/48`;
};
