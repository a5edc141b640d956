/** The names people give tags, the awkward ones first: emoji, right-to-left script, 80 characters, equal but for case. */
const NAMES = [
  'Spring Campaign 🌷',
  'حملة الصيف',
  'A rather long name that a careful assistant typed in full, all eighty of it, yes',
  'promo',
  'Promo',
  'מבצע חורף',
  '👩‍👩‍👧 Family plan',
  '100% off & <b>free</b> "quotes"',
  'Implants',
  'Whitening',
  'Before/After',
  'Reviews',
  'Team',
  'Open house',
  'Giveaway',
  'Back to school',
  'Hygiene tips',
  'Kids',
  'Invisible braces',
  'Emergency',
  'New patients',
  'Behind the scenes',
  'Événement spécial',
  'Holiday hours',
  'Referral bonus',
  'Evergreen',
  'Blog',
  'Video',
  'Reel',
  'Story',
  'Partner',
  'Charity',
  'Press',
  'Q&A',
  'Survey',
  'Seasonal',
  'Winter sale',
  'Summer sale',
  'Black Friday',
  'New year',
];

const SUBJECTS = ['Yoga', 'Strength', 'Spin', 'Boxing', 'Rückenfit', 'Pilates', 'Sauna', 'Crossfit', 'Dance', 'Swim'];
const TWISTS = ['promo', 'challenge', 'tips', 'trainer', 'members', 'event', 'story', 'launch', 'offer', 'news'];

/** The nth tag's name, from 0. A location of up to 40 tags has the list above, larger ones go on by numbers. */
export const tagName = (index: number): string => {
  const named = NAMES[index];
  if (named !== undefined) return named;
  const subject = SUBJECTS[index % SUBJECTS.length] ?? '';
  const twist = TWISTS[Math.floor(index / SUBJECTS.length) % TWISTS.length] ?? '';
  return `${subject} ${twist} ${index + 1}`;
};
