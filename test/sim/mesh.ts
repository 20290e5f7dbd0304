import { type Ground, type Run, Site } from "./site.ts";

/** Two to four sites; each pair is joined at least one way, some by several connections. */
export function layOut(ground: Ground): readonly Site[] {
  const { random } = ground;
  const names = ["a", "b", "c", "d"].slice(0, 2 + random.below(3));
  return names.map((name, i) => {
    const dials: string[] = [];
    names.forEach((other, j) => {
      if (i === j) return;
      if (i > j || random.chance(0.3)) dials.push(other);
      if (random.chance(0.2)) dials.push(`${other}.again`);
    });
    return new Site(name, dials, ground);
  });
}

/**
 * Who does not see all others as they are now, with what they play and by all connections there ought
 * to be; `undefined` when everybody does.
 */
export function strayed(sites: readonly Site[]): string | undefined {
  for (const site of sites) {
    const { run } = site;
    if (run === undefined) return `${site.name} does not run`;
    const units = run.peer.units.map(({ name, roles, connections }) =>
      presence(name, roles, connections.length),
    );
    const runs = sites.flatMap((other) =>
      other.run === undefined || other === site
        ? []
        : [presence(other.run.name, activeRoles(other.run), linksBetween(site, other))],
    );
    const [sees, should] = [units.sort().join("; "), runs.sort().join("; ")];
    if (sees !== should) return `${run.name} sees ${sees} instead of ${should}`;
  }
  return undefined;
}

const ROLES = ["work", "post", "flow"];

/** Who is there, what it plays, and by how many connections. */
const presence = (name: string, roles: readonly string[], connections: number): string =>
  `${name} (${ROLES.filter((role) => roles.includes(role)).join()}; ${connections})`;

const activeRoles = ({ peer }: Run): string[] =>
  peer.roles.filter(({ active }) => active).map(({ name }) => name);

/** Connections between two sites, whoever dials. */
const linksBetween = (one: Site, other: Site): number =>
  one.dialsTo(other.name) + other.dialsTo(one.name);
